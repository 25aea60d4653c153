/* The floor: a server that knows nothing of DNS. Each datagram goes back as it came, with the QR
   bit set, so what it costs is the kernel's part of an answer. Arguments: address and port. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { SLOTS = 64, OCTETS = 2048, QR = 0x80 };

static unsigned char packets[SLOTS][OCTETS];
static struct sockaddr_in peers[SLOTS];
static struct iovec vectors[SLOTS];
static struct mmsghdr messages[SLOTS];

int main(int count, char **arguments) {
    struct sockaddr_in here = {.sin_family = AF_INET};
    int udp = socket(AF_INET, SOCK_DGRAM, 0);

    if (count != 3 || udp < 0 || inet_pton(AF_INET, arguments[1], &here.sin_addr) != 1) return 2;
    here.sin_port = htons((unsigned short)atoi(arguments[2]));
    if (bind(udp, (struct sockaddr *)&here, sizeof here) < 0) {
        perror("bind");
        return 1;
    }
    for (int i = 0; i < SLOTS; i++) {
        vectors[i].iov_base = packets[i];
        messages[i].msg_hdr.msg_iov = &vectors[i];
        messages[i].msg_hdr.msg_iovlen = 1;
        messages[i].msg_hdr.msg_name = &peers[i];
    }
    for (;;) {
        for (int i = 0; i < SLOTS; i++) {
            vectors[i].iov_len = OCTETS;
            messages[i].msg_hdr.msg_namelen = sizeof peers[i];
        }
        int received = recvmmsg(udp, messages, SLOTS, MSG_WAITFORONE, NULL);
        for (int i = 0; i < received; i++) {
            vectors[i].iov_len = messages[i].msg_len;
            packets[i][2] |= QR;
        }
        for (int sent = 0; sent < received;) {
            int now = sendmmsg(udp, messages + sent, (unsigned)(received - sent), 0);
            sent += now > 0 ? now : 1;
        }
    }
}
