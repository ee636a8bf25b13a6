package intake

import (
	"os"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events"
)

// BenchmarkDecodeIntents is what the intake spends on one event before anything is stored.
func BenchmarkDecodeIntents(b *testing.B) {
	full, err := os.ReadFile("../../schemas/examples/private-service/valid/lab.json")
	if err != nil {
		b.Fatal(err)
	}
	long := strings.Repeat("k", 100<<10)
	for name, body := range map[string][]byte{
		"full":         full,
		"long-key":     structured("", `{"`+long+`":[`+strings.Repeat("0,", 60<<10)+`0]}`),
		"many-unknown": structured("", `{`+strings.Repeat(`"a":1,`, 30<<10)+`"b":1}`),
		"long-name":    structured("", strings.Replace(payload, "fn-0002", long, 1)),
		"many-announced": structured("", strings.Replace(
			payload, `"network"`, `"ingress":{"announce":[`+strings.Repeat(`{},`, 60<<10)+`{}]},"network"`, 1,
		)),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := DecodeIntents(events.DefaultTenant, nil, body, today); (err == nil) != (name == "full") {
					b.Fatal(err)
				}
			}
		})
	}
}
