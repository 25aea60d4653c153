# minidns in a container: UDP and TCP port 53 on every address, zones from /zones.
#
#   docker build -t minidns .
#   docker run --rm -p 127.0.0.1:5053:53/udp -p 127.0.0.1:5053:53/tcp minidns
#   docker run ... -v "$PWD/zones:/zones:ro" minidns          # your zones instead of the samples
#
# It runs as a user without privileges and writes nothing, so `--read-only --cap-drop ALL` fits.
# Port 53 needs no capability: Docker 20.10 and newer let every user of a container bind it; with
# podman add `--sysctl net.ipv4.ip_unprivileged_port_start=0`.

# Any image with Python 3.11 or newer and venv as `python3`; to compile, with apt-get, or with gcc
# and the headers of C and Python.
ARG BASE=python:3.11-slim

FROM ${BASE} AS build
# The path of a query is compiled to C, which takes a minute; `--build-arg COMPILE=0` leaves it
# Python. The image itself holds no compiler.
ARG COMPILE=1
WORKDIR /src
RUN case "$COMPILE" in 0) exit 0 ;; 1) ;; *) echo "COMPILE is 0 or 1, not $COMPILE" >&2; exit 1 ;; esac; \
    headers=$(python3 -c 'import sysconfig; print(sysconfig.get_path("include"))'); \
    lacks=; \
    command -v gcc >/dev/null && [ -e /usr/include/stdio.h ] || lacks="gcc libc6-dev"; \
    [ -e "$headers/Python.h" ] || lacks="$lacks python3-dev"; \
    [ -n "$lacks" ] || exit 0; \
    command -v apt-get >/dev/null || { \
      echo "no apt-get in this base for what it lacks ($lacks): --build-arg COMPILE=0" >&2; exit 1; \
    }; \
    apt-get update && apt-get install -y --no-install-recommends $lacks
RUN python3 -m venv /opt/minidns
COPY pyproject.toml setup.py README.md LICENSE ./
COPY minidns ./minidns
# Modules are compiled here, since the running user may not; an installer is of no use there.
RUN MINIDNS_COMPILE=$COMPILE /opt/minidns/bin/pip install --no-cache-dir --compile . \
 && /opt/minidns/bin/pip uninstall --yes pip setuptools \
 && case "$COMPILE" in 1) /opt/minidns/bin/minidns --version | grep compiled ;; esac

FROM ${BASE}
COPY --from=build /opt/minidns /opt/minidns
COPY zones /zones
ENV PATH=/opt/minidns/bin:$PATH PYTHONDONTWRITEBYTECODE=1
WORKDIR /
USER 65532:65532
EXPOSE 53/udp 53/tcp
# By DNS, over UDP and TCP; a server that loads a million records has a minute to begin.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 CMD ["minidns", "health", "--server", "127.0.0.1:53"]
# The exec form makes minidns PID 1, so that it gets the signals of `docker stop` itself.
ENTRYPOINT ["minidns"]
CMD ["serve", "--zones", "/zones", "--listen", ":53", "--no-forward"]
