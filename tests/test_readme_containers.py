"""What the README says of Docker, compose and Kubernetes holds together, and fits the image.

No test needs an engine or anything beyond loopback: the image is built and run by
`tests/container/prove.sh`.
"""

import re
import subprocess
import sys
from typing import Any

import yaml

from tests.dockerfile import ROOT
from tests.readme import README, commands_of, text_of


def manifest_of(section: str) -> dict[str, Any]:
    blocks = re.findall(r"^```\n((?:services|apiVersion).*?)^```$", text_of(section), re.M | re.S)
    manifest: dict[str, Any] = yaml.safe_load(blocks[0])
    return manifest


def test_manifests_are_yaml() -> None:
    """compose and Kubernetes: a service and a pod that name their resolver."""
    compose, pod = (manifest_of(section) for section in ("Compose", "Kubernetes"))
    network = compose["services"]["dns"]["networks"]["default"]
    assert compose["services"]["web"]["dns"] == network["ipv4_address"]
    assert pod["spec"]["dnsPolicy"] == "None"


def test_docker_commands_fit_what_the_container_proof_runs() -> None:
    """No engine, and nothing from beyond loopback, in a test: `make container` runs the same."""
    dockerfile = (ROOT / "Dockerfile").read_text()
    proof = (ROOT / "tests/container/prove.sh").read_text()
    build, run, compose = (command.words for command in commands_of("docker"))
    assert build == ["docker", "build", "-t", "minidns", "."]
    assert compose[1] == "compose"
    assert run[-1] == build[3]
    options = [word for word in run if word.startswith("--") and word != "--rm"]
    assert options
    for option in options:
        assert re.search(rf"^  .*{option}\b", proof, re.MULTILINE), option
    published = [run[at + 1] for at, word in enumerate(run) if word == "-p"]
    exposed = re.findall(r"^EXPOSE (.*)$", dockerfile, re.MULTILINE)[0].split()
    assert [port.rpartition(":")[2] for port in published] == exposed


def test_probes_of_manifests_are_right() -> None:
    """What Docker, compose and Kubernetes are told to run is a command with these options."""
    manifests = README + (ROOT / "docs/deployment.yaml").read_text()
    found = re.findall(r"\[(?:CMD, )?minidns, (health, [^\]]*)\]", manifests)
    assert len(found) == 5
    for words in found:
        command = [sys.executable, "-m", "minidns", *yaml.safe_load(f"[{words}]"), "--help"]
        subprocess.run(command, cwd=ROOT, capture_output=True, check=True)


def test_kubernetes_manifests_hold_together() -> None:
    """Volumes are there and mounted, no privilege is left, and the pod's twin says the same."""
    pod = manifest_of("Kubernetes")["spec"]
    deployment, service = yaml.safe_load_all((ROOT / "docs/deployment.yaml").read_text())
    template = deployment["spec"]["template"]
    (sidecar,), (server,) = pod["initContainers"], template["spec"]["containers"]
    for name in ("image", "imagePullPolicy", "args", "securityContext", "livenessProbe"):
        assert sidecar[name] == server[name]
    assert sidecar["volumeMounts"] == server["volumeMounts"]
    assert pod["volumes"] == template["spec"]["volumes"]
    assert pod["securityContext"] == template["spec"]["securityContext"]
    assert [one["name"] for one in sidecar["volumeMounts"]] == [
        one["name"] for one in pod["volumes"]
    ]
    assert sidecar["restartPolicy"] == "Always"
    assert deployment["spec"]["selector"]["matchLabels"] == template["metadata"]["labels"]
    assert service["spec"]["selector"] == template["metadata"]["labels"]
    served = {(port["port"], port["protocol"]) for port in service["spec"]["ports"]}
    opened = {(port["containerPort"], port["protocol"]) for port in server["ports"]}
    assert served == opened == {(53, "UDP"), (53, "TCP")}
