package interop

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// browser is one tab of a real Chromium with a profile of its own. What it is
// asked to do, it does at once and in order; a step that does not work out
// fails the test.
type browser struct {
	t   *testing.T
	ctx context.Context
}

// reach says what a browser can see of the world: nothing but this machine,
// and the hosts that are mapped to an address on it.
type reach struct {
	trust []*x509.Certificate // server certificates whose keys are trusted
	hosts map[string]string   // host name -> address with port
}

// openBrowser starts Chromium. It ends with the test.
func openBrowser(t *testing.T, r reach) *browser {
	t.Helper()
	if testing.Short() {
		t.Skip("starting a browser takes a second, and each page another")
	}
	path := program(t, "chromium")
	var rules []string
	for host, addr := range r.hosts {
		rules = append(rules, "MAP "+host+" "+addr)
	}
	rules = append(rules, "MAP * ~NOTFOUND", "EXCLUDE localhost", "EXCLUDE 127.0.0.1")
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.NoSandbox, // containers have no namespaces to give
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("allow-pre-commit-input", true), // or what is typed and clicked before the first paint is dropped
		chromedp.Flag("host-resolver-rules", strings.Join(rules, ", ")),
		chromedp.Flag("ignore-certificate-errors-spki-list", strings.Join(pins(r.trust), ",")),
	)
	// Not the test's context: that one ends before the cleanup.
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	ctx, quit := chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(quit)
	ctx, closeTab := chromedp.NewContext(ctx)
	t.Cleanup(closeTab)
	b := &browser{t: t, ctx: ctx}
	b.do(chromedp.Navigate("about:blank"))
	return b
}

// pins are the hashes of public keys as Chromium wants them.
func pins(certs []*x509.Certificate) []string {
	var out []string
	for _, c := range certs {
		sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
		out = append(out, base64.StdEncoding.EncodeToString(sum[:]))
	}
	return out
}

// certificateOf asks a server for the certificate that it shows for a name.
func certificateOf(t *testing.T, addr, name string, roots *x509.CertPool) *x509.Certificate {
	t.Helper()
	dialer := tls.Dialer{Config: &tls.Config{ServerName: name, RootCAs: roots}}
	conn, err := dialer.DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0]
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatalf("%v\n%s", err, b.whereabouts())
	}
}

// whereabouts describes the page for the log of a failed test. Of the address
// it leaves out what may be secret.
func (b *browser) whereabouts() string {
	location, err := chromedp.Run(b.ctx, chromedp.Location())
	if err != nil {
		return "(the browser does not say where it is)"
	}
	if u, err := url.Parse(location); err == nil {
		u.RawQuery, u.Fragment = "", ""
		location = u.String()
	}
	text, err := chromedp.Run(b.ctx, chromedp.Text(chromedp.CSS("body")))
	if err != nil {
		return location
	}
	return location + "\n" + text
}

// visit opens an address as a person does who follows a link.
func (b *browser) visit(address string) {
	b.t.Helper()
	b.do(chromedp.Navigate(address))
}

func (b *browser) reload() { b.t.Helper(); b.do(chromedp.Reload()) }

// sees waits until something is visible.
func (b *browser) sees(css string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible(chromedp.CSS(css)))
}

// focuses waits until something has the focus: autofocus comes with the first
// paint, and keys before it would go nowhere.
func (b *browser) focuses(css string) {
	b.t.Helper()
	b.sees(css) // on the page that is being loaded
	b.do(chromedp.Poll[chromedp.Void](`document.activeElement?.matches('`+css+`')`, chromedp.WithPollingTimeout(patience)))
}

// finds waits until something is in the page, visible or not.
func (b *browser) finds(css string) {
	b.t.Helper()
	b.do(chromedp.WaitReady(chromedp.CSS(css)))
}

// fill replaces the content of a field.
func (b *browser) fill(css, text string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible(chromedp.CSS(css)), chromedp.SetValue(chromedp.CSS(css), text))
}

func (b *browser) click(css string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible(chromedp.CSS(css)), chromedp.Click(chromedp.CSS(css)))
}

// types presses keys, whatever has the focus.
func (b *browser) types(keys string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(keys))
}

func (b *browser) tab()   { b.t.Helper(); b.types(kb.Tab) }
func (b *browser) enter() { b.t.Helper(); b.types(kb.Enter) }

// focus names the element that has the focus, by its form name and value.
func (b *browser) focus() string {
	b.t.Helper()
	return eval[string](b, `(e => [e.localName, e.name, e.localName == "button" ? e.value : ""].filter(Boolean).join(" "))(document.activeElement)`)
}

// eval returns the value of a JavaScript expression.
func eval[T any](b *browser, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

func (b *browser) text(css string) string {
	b.t.Helper()
	text, err := chromedp.Run(b.ctx, chromedp.Text(chromedp.CSS(css)))
	if err != nil {
		b.t.Fatalf("%s: %v\n%s", css, err, b.whereabouts())
	}
	return text
}

// withoutScripts switches JavaScript off, as cautious people do.
func (b *browser) withoutScripts() {
	b.t.Helper()
	b.do(func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return chromedp.Void{}, err
	})
}

// screen makes the page as wide as a small telephone, or wider.
func (b *browser) screen(width, height int64) {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(width, height))
	if got := eval[int64](b, `window.innerWidth`); got != width {
		b.t.Fatalf("the page is %d px wide, want %d", got, width)
	}
}

// fits fails the test when the page has to be scrolled sideways.
func (b *browser) fits(page string) {
	b.t.Helper()
	if over := eval[int](b, `document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth`); over > 0 {
		b.t.Errorf("%s is %d px wider than the screen", page, over)
	}
}
