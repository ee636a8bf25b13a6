package reach

import (
	"net/netip"
	"testing"

	"go4.org/netipx"
	"pgregory.net/rapid"
)

// A packet is one flow: what every set is asked about.
type packet struct {
	src, dst netip.Addr
	protocol uint16
	port     uint16
	name     Name
}

// has is membership by the definition of a box, without any of the algebra.
func (b Box) has(p packet) bool {
	return b.Src.Contains(p.src) && b.Dst.Contains(p.dst) && b.Protocols.Contains(p.protocol) &&
		b.Ports.Contains(p.port) && b.Name == p.name
}

func (f Flows) has(p packet) bool {
	n := 0
	for _, b := range f.boxes {
		if b.has(p) {
			n++
		}
	}
	if n > 1 {
		panic("two boxes of one set overlap")
	}
	return n == 1
}

// prefixes are few, nested and of both families, so that random sets meet at their edges.
var prefixes = []string{
	"0.0.0.0/0", "10.0.0.0/8", "10.8.0.0/28", "10.8.0.0/29", "10.8.0.8/29", "10.8.0.5/32", "10.20.0.0/16",
	"10.20.0.4/32", "255.255.255.255/32", "0.0.0.0/32", "::/0", "fd00::/8", "fd00:8::/64", "fd00:8::5/128",
	"2000::/3", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
}

func somePrefix() *rapid.Generator[netip.Prefix] {
	return rapid.Map(rapid.SampledFrom(prefixes), netip.MustParsePrefix)
}

func someRanges() *rapid.Generator[Ranges] {
	return rapid.Custom(func(t *rapid.T) Ranges {
		if rapid.IntRange(0, 2).Draw(t, "every") == 0 {
			return EveryAddress()
		}
		return RangesOf(rapid.SliceOfN(somePrefix(), 0, 3).Draw(t, "prefixes")...)
	})
}

// someAddress is the first or last address of a prefix, or the one before or after it.
func someAddress() *rapid.Generator[netip.Addr] {
	return rapid.Custom(func(t *rapid.T) netip.Addr {
		p := somePrefix().Draw(t, "near")
		one := RangesOf(p).list[0]
		a := rapid.SampledFrom([]netip.Addr{one.From(), one.To(), one.From().Prev(), one.To().Next()}).Draw(t, "edge")
		if !a.IsValid() {
			return one.From()
		}
		return a
	})
}

var layers = []Layer4{
	EveryProtocol(), Protocol(TCP), Protocol(TCP, Port(443)), Protocol(TCP, Span{80, 443}), Protocol(UDP, Port(53)),
	Protocol(UDP, Port(0)), Protocol(TCP, Port(highest)), Protocol(ICMP), Protocol(ICMPv6),
	{SpansOf(Span{TCP, TCP}, Span{UDP, UDP}), SpansOf(Port(53), Port(443))}, {Spans{{0, 255}}, One(443)},
}

func someBox() *rapid.Generator[Box] {
	return rapid.Custom(func(t *rapid.T) Box {
		return Box{someRanges().Draw(t, "src"), someRanges().Draw(t, "dst"),
			rapid.SampledFrom(layers).Draw(t, "layer4"),
			rapid.SampledFrom([]Name{NoName, NoName, "a.example"}).Draw(t, "name")}
	})
}

// somePacket is one that exists: of one family, and with port 0 where its protocol has none.
func somePacket() *rapid.Generator[packet] {
	return rapid.Custom(func(t *rapid.T) packet {
		p := packet{src: someAddress().Draw(t, "from"), dst: someAddress().Draw(t, "to"),
			protocol: rapid.SampledFrom([]uint16{0, ICMP, TCP, UDP, ESP, ICMPv6, SCTP, 255}).Draw(t, "protocol"),
			name:     rapid.SampledFrom([]Name{NoName, "a.example"}).Draw(t, "sent")}
		if withPorts().Contains(p.protocol) {
			p.port = rapid.SampledFrom([]uint16{0, 52, 53, 54, 79, 80, 442, 443, 444, highest}).Draw(t, "port")
		}
		if p.src.Is4() != p.dst.Is4() {
			p.dst = p.src
		}
		return p
	})
}

// exists is what a box holds for a packet that exists: a choice of ports means protocols with ports.
func (b Box) exists(p packet) bool {
	return b.has(p) && (b.Ports.Equal(EveryPort()) || withPorts().Contains(p.protocol))
}

func TestSetsAgreeWithPackets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SliceOfN(someBox(), 0, 4).Draw(t, "a")
		b := rapid.SliceOfN(someBox(), 0, 4).Draw(t, "b")
		fa, fb := FlowsOf(a...), FlowsOf(b...)
		for range 20 {
			p := somePacket().Draw(t, "packet")
			inA, inB := false, false
			for _, one := range a {
				inA = inA || one.exists(p)
			}
			for _, one := range b {
				inB = inB || one.exists(p)
			}
			for what, c := range map[string]struct{ got, want bool }{
				"set":       {fa.has(p), inA},
				"union":     {fa.Union(fb).has(p), inA || inB},
				"intersect": {fa.Intersect(fb).has(p), inA && inB},
				"subtract":  {fa.Subtract(fb).has(p), inA && !inB},
			} {
				if c.got != c.want {
					t.Fatalf("%s of %v and %v holds %+v: %v, want %v", what, fa, fb, p, c.got, c.want)
				}
			}
		}
	})
}

func TestSetsAreEqualHoweverTheyCameAbout(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := FlowsOf(rapid.SliceOfN(someBox(), 0, 4).Draw(t, "a")...)
		b := FlowsOf(rapid.SliceOfN(someBox(), 0, 4).Draw(t, "b")...)
		both := a.Intersect(b)
		if again := a.Subtract(b).Union(both); !again.Equal(a) {
			t.Fatalf("(a-b)+(a&b) = %v, want %v", again, a)
		}
		if !a.Union(b).Equal(b.Union(a)) || !both.Equal(b.Intersect(a)) {
			t.Fatalf("the order of %v and %v counts", a, b)
		}
		if !a.Subtract(a).Empty() || !a.Covers(both) || a.Covers(b) != b.Subtract(a).Empty() {
			t.Fatalf("%v does not cover what it holds", a)
		}
	})
}

func TestRangesAreSetsWhateverTheirSpelling(t *testing.T) {
	halves, err := ParseRanges("10.8.0.0/29", "10.8.0.8-10.8.0.15", "::/1", "8000::/1")
	if err != nil {
		t.Fatal(err)
	}
	whole, err := ParseRanges("::/0", "10.8.0.3/28")
	if err != nil {
		t.Fatal(err)
	}
	if !halves.Equal(whole) || halves.String() != "10.8.0.0/28,::/0" {
		t.Errorf("halves are %v, the whole is %v", halves, whole)
	}
	for _, bad := range []string{"", "10.8.0.0/33", "backend.example", "10.0.0.9-10.0.0.1"} {
		if _, err := ParseRanges(bad); err == nil {
			t.Errorf("%q is read as a range", bad)
		}
	}
	if EveryAddress().String() != "0.0.0.0/0,::/0" || (Ranges{}).String() != "none" {
		t.Error("all and none are spelled otherwise")
	}
}

func TestNamesHaveOneSpelling(t *testing.T) {
	for _, c := range []struct {
		name, pattern string
		want          bool
	}{
		{"QA1.Backend.Example.", "qa1.backend.example", true},
		{"qa1.backend.example", "*.backend.example", true},
		{"backend.example", "*.backend.example", false},
		{"evilbackend.example", "*.backend.example", false},
		{"qa1.backend.example", "*", true},
		{"", "*", false},
		{"qa1.backend.example", "backend.example", false},
	} {
		if got := NameOf(c.name).fits(NameOf(c.pattern)); got != c.want {
			t.Errorf("%q fits %q: %v, want %v", c.name, c.pattern, got, c.want)
		}
	}
}

// TestRangesAgreeWithTheLibrary holds the algebra against the builder of the library.
func TestRangesAgreeWithTheLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := someRanges().Draw(t, "a"), someRanges().Draw(t, "b")
		set := func(change func(*netipx.IPSetBuilder, *netipx.IPSet)) Ranges {
			var both, other netipx.IPSetBuilder
			for _, one := range a.list {
				both.AddRange(one)
			}
			for _, one := range b.list {
				other.AddRange(one)
			}
			o, err := other.IPSet()
			if err != nil {
				t.Fatal(err)
			}
			change(&both, o)
			return built(&both)
		}
		union, both, less := set((*netipx.IPSetBuilder).AddSet), set((*netipx.IPSetBuilder).Intersect),
			set((*netipx.IPSetBuilder).RemoveSet)
		if !a.Union(b).Equal(union) || !a.Intersect(b).Equal(both) || !a.Subtract(b).Equal(less) {
			t.Fatalf("%v and %v: %v, %v, %v, want %v, %v, %v", a, b, a.Union(b), a.Intersect(b), a.Subtract(b), union,
				both, less)
		}
		if a.Overlaps(b) == both.Empty() || a.Covers(b) != both.Equal(b) {
			t.Fatalf("%v and %v: overlap %v, cover %v", a, b, a.Overlaps(b), a.Covers(b))
		}
	})
}
