package schema

import (
	"fmt"
	"strings"
	"testing"
)

func large(n int) []byte {
	var d Document
	secret := strings.Repeat("x", 1200)
	for i := range n {
		d.AccessTokens = append(d.AccessTokens, AccessToken{
			Secret: secret, Environment: "login.microsoftonline.com", ClientID: "11111111-2222-3333-4444-555555555555",
			Realm: fmt.Sprintf("%08d-2222-3333-4444-555555555555", i), Target: "https://graph.microsoft.com/.default",
			TokenType: "Bearer", CachedAt: 1795229916, ExpiresOn: 1795233515, ExtendedExpiresOn: 1795233515,
		})
	}
	return d.Marshal()
}

func BenchmarkParse(b *testing.B) {
	for _, n := range []int{1, 1000, 100_000} {
		data := large(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkMarshal(b *testing.B) {
	for _, n := range []int{1, 1000, 100_000} {
		d, err := Parse(large(n))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("asRead/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				d.Marshal()
			}
		})
		for i := range d.AccessTokens {
			d.AccessTokens[i].Detach()
		}
		b.Run(fmt.Sprintf("fromFields/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				d.Marshal()
			}
		})
	}
}
