package bgp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"sync"

	"github.com/osrg/gobgp/v4/api"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Registration is a speaker that presents itself. Listen is the address its BGP session comes from, HOST or HOST:PORT;
// the site tells speakers apart by HOST, so two speakers on one machine need two loopback addresses. Without a host the
// proxy hands one out.
type Registration struct {
	Name   string `json:"name"`
	GRPC   string `json:"grpc"` // host:port of its GoBGP API
	ASN    uint32 `json:"asn"`
	Listen string `json:"listen"`
}

// speaker is a registered speaker with the connection to its API.
type speaker struct {
	Registration
	address netip.Addr
	conn    *grpc.ClientConn
	api     api.GoBgpServiceClient
	order   sync.Mutex // one announce or withdraw at a time: look, act, account
}

// errTaken is a registration that would take another speaker's place.
var errTaken = errors.New("address is another speaker's")

// Register makes a speaker known: the proxy passes calls on to its API, and the site accepts its session. Registering
// again replaces what was known under the name; the site keeps a standing session with an unchanged speaker and starts
// anew otherwise, so a speaker that was restarted is not kept waiting. It returns the address the speaker's session
// must come from.
func (d *Proxy) Register(ctx context.Context, r Registration) (netip.Addr, error) {
	if r.Name == "" || r.GRPC == "" || r.ASN == 0 {
		return netip.Addr{}, errors.New("register speaker: name, grpc and asn are needed")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	address, err := d.addressFor(r)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("register speaker %s: %w", r.Name, err)
	}
	old := d.speakers[r.Name]
	if old != nil && old.Registration == r {
		old.conn.ResetConnectBackoff() // it may have been restarted in its old place
		return address, d.Site.accept(ctx, address, r.ASN, true)
	}
	conn, err := grpc.NewClient(r.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return netip.Addr{}, fmt.Errorf("register speaker %s: %w", r.Name, err)
	}
	next := &speaker{Registration: r, address: address, conn: conn, api: api.NewGoBgpServiceClient(conn)}
	if old != nil && old.address != address {
		d.Site.forget(ctx, old.address)
	}
	if err := d.Site.accept(ctx, address, r.ASN, false); err != nil {
		return netip.Addr{}, errors.Join(fmt.Errorf("register speaker %s: %w", r.Name, err), conn.Close())
	}
	d.speakers[r.Name] = next
	if old != nil {
		err = old.conn.Close() // calls under way on it fail as if the speaker had gone, which it may have
	}
	return address, err
}

// addressFor is the speaker's own address, or a free one of 127.0.2.0/24. The caller holds mu.
func (d *Proxy) addressFor(r Registration) (netip.Addr, error) {
	taken := map[netip.Addr]string{}
	for name, s := range d.speakers {
		taken[s.address] = name
	}
	if address, ok := hostOf(r.Listen); ok {
		if name := taken[address]; name != "" && name != r.Name {
			return netip.Addr{}, fmt.Errorf("%w: %s has %s", errTaken, name, address)
		}
		return address, nil
	}
	if old := d.speakers[r.Name]; old != nil {
		return old.address, nil
	}
	for a := netip.MustParseAddr("127.0.2.1"); a.Less(netip.MustParseAddr("127.0.2.255")); a = a.Next() {
		if taken[a] == "" {
			return a, nil
		}
	}
	return netip.Addr{}, errors.New("no loopback address is left")
}

func hostOf(listen string) (netip.Addr, bool) {
	if ap, err := netip.ParseAddrPort(listen); err == nil {
		return ap.Addr().Unmap(), !ap.Addr().IsUnspecified()
	}
	a, err := netip.ParseAddr(listen)
	return a.Unmap(), err == nil && !a.IsUnspecified()
}

func (d *Proxy) speaker(name string) *speaker {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.speakers[name]
}

func (d *Proxy) serveRegister(rw http.ResponseWriter, r *http.Request) {
	var reg Registration
	if err := json.NewDecoder(io.LimitReader(r.Body, 1<<16)).Decode(&reg); err != nil {
		reply(rw, http.StatusBadRequest, problem{"read registration: " + err.Error()})
		return
	}
	address, err := d.Register(r.Context(), reg)
	switch {
	case errors.Is(err, errTaken):
		reply(rw, http.StatusConflict, problem{err.Error()})
		return
	case err != nil:
		reply(rw, http.StatusBadRequest, problem{err.Error()})
		return
	}
	st := d.status(r.Context())
	st.LocalAddress = address.String()
	reply(rw, http.StatusOK, st)
}
