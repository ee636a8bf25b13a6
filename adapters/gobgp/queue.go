package gobgp

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
)

// unsent are the connections of this machine with bytes that the other end has not acknowledged, each named by its
// remote port and by its local one: those of a peer that no longer takes our packets are among them. Where the kernel
// does not tell (proc(5), net/tcp) it is empty, and a message from the peer is all that is gone by.
func unsent() map[string]bool {
	out := map[string]bool{}
	for _, name := range []string{"/proc/self/net/tcp", "/proc/self/net/tcp6"} {
		f, err := os.Open(name)
		if err != nil {
			continue
		}
		lines := bufio.NewScanner(f)
		for lines.Scan() {
			// sl local_address rem_address st tx_queue:rx_queue ...
			fields := strings.Fields(lines.Text())
			if len(fields) < 5 || strings.HasPrefix(fields[4], "00000000:") {
				continue
			}
			local, ok := kernelAddress(fields[1])
			remote, good := kernelAddress(fields[2])
			if ok && good {
				out[between(local.Addr().String(), 0, remote.Addr().String(), remote.Port())] = true
				out[between(local.Addr().String(), local.Port(), remote.Addr().String(), 0)] = true
			}
		}
		_ = f.Close() // it was only read
	}
	return out
}

// kernelAddress reads "0100007F:1F90": words of the address in the machine's order, which is little-endian wherever
// this runs, and the port.
func kernelAddress(text string) (netip.AddrPort, bool) {
	left, right, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(left)
	port, bad := hex.DecodeString(right)
	if err != nil || bad != nil || len(raw)%4 != 0 || len(port) != 2 {
		return netip.AddrPort{}, false
	}
	for word := range slices.Chunk(raw, 4) {
		slices.Reverse(word)
	}
	a, ok := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(a.Unmap(), uint16(port[0])<<8|uint16(port[1])), ok
}

// between names a connection by one port: 0 stands for whichever the kernel chose.
func between(local string, port uint16, remote string, at uint16) string {
	return fmt.Sprintf("%s:%d %s:%d", local, port, remote, at)
}
