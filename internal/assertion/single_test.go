package assertion

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestSingleAssertionsAreNeverTheSame(t *testing.T) {
	m := made()
	s := mustNew(t, Key{Signer: m.ec, Certificates: []*x509.Certificate{m.selfEC}})
	first, err := s.Single(t.Context(), "https://a", "c")
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.Single(t.Context(), "https://a", "c")
	if err != nil || first == second {
		t.Errorf("the same assertion twice (%v)", err)
	}
}

// TestSingleObeysTheContext: a key that hangs must not hold its callers, nor be
// asked once more by each of them.
func TestSingleObeysTheContext(t *testing.T) {
	m := made()
	synctest.Test(t, func(t *testing.T) {
		var signs atomic.Int32
		slow := device{m.ec, func(r io.Reader, d []byte, o crypto.SignerOpts) ([]byte, error) {
			signs.Add(1)
			time.Sleep(time.Minute)
			return m.ec.Sign(r, d, o)
		}}
		s := mustNew(t, Key{Signer: slow, Certificates: []*x509.Certificate{m.selfEC}})
		for range 3 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			start := time.Now()
			if _, err := s.Single(ctx, audience, clientID); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
				t.Errorf("%v after %v, want the deadline after 1s", err, time.Since(start))
			}
			if _, err := s.Single(ctx, audience, clientID); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("ended context: %v", err)
			}
			cancel()
		}
		if signs.Load() != 1 {
			t.Errorf("the key was asked %d times by callers who all left, want 1", signs.Load())
		}
		time.Sleep(time.Hour) // what was signed for nobody is too old by now
		first, err := s.Single(t.Context(), audience, clientID)
		if err != nil || signs.Load() != 2 {
			t.Errorf("after the hour: %v, %d signatures", err, signs.Load())
		}
		if second, err := s.Single(t.Context(), audience, clientID); err != nil || second == first || len(s.spare) != 0 {
			t.Errorf("%v, the same twice: %t, %d spares", err, second == first, len(s.spare))
		}
	})
}

func TestSingleCallersNeverShare(t *testing.T) {
	m := made()
	synctest.Test(t, func(t *testing.T) {
		slow := device{m.ec, func(r io.Reader, d []byte, o crypto.SignerOpts) ([]byte, error) {
			time.Sleep(time.Second)
			return m.ec.Sign(r, d, o)
		}}
		s := mustNew(t, Key{Signer: slow, Certificates: []*x509.Certificate{m.selfEC}})
		var mu sync.Mutex
		var wg sync.WaitGroup
		seen := map[string]int{}
		for i := range 20 {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+i%2*10)*time.Second/2)
				defer cancel()
				if jwt, err := s.Single(ctx, audience, clientID); err == nil {
					mu.Lock()
					seen[jwt]++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		for range 10 { // takes over what the impatient left
			jwt, err := s.Single(t.Context(), audience, clientID)
			if err != nil {
				t.Error(err)
			}
			seen[jwt]++
		}
		if len(seen) != 20 {
			t.Errorf("%d different assertions for 20 callers", len(seen))
		}
	})
}

func TestFailureIsNotPassedOnToTheNextCaller(t *testing.T) {
	m := made()
	synctest.Test(t, func(t *testing.T) {
		var fixed atomic.Bool
		dev := device{m.ec, func(r io.Reader, d []byte, o crypto.SignerOpts) ([]byte, error) {
			time.Sleep(time.Minute)
			if !fixed.Load() {
				return nil, errors.New("token removed")
			}
			return m.ec.Sign(r, d, o)
		}}
		s := mustNew(t, Key{Signer: dev, Certificates: []*x509.Certificate{m.selfEC}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, _ = s.Single(ctx, audience, clientID)
		time.Sleep(2 * time.Minute)
		fixed.Store(true)
		if _, err := s.Single(t.Context(), audience, clientID); err != nil {
			t.Error(err)
		}
	})
}
