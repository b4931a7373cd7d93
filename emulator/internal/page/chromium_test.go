package page

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"
)

// tab is one page of a real Chromium, driven by the DevTools protocol over a
// pipe. It serves one test at a time.
type tab struct {
	t       *testing.T
	ctx     context.Context
	in      *os.File
	replies chan message
	session string
	id      int
	// problems collects what the browser complains about, such as a style
	// sheet that the Content-Security-Policy forbids.
	problems []string
}

type message struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// openTab starts a browser of its own for the test, or skips the test.
func openTab(t *testing.T) *tab {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if runtime.GOOS == "windows" {
		t.Skip("needs pipes that Windows does not hand on to children")
	}
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("chromium is not on PATH")
		}
		t.Skip("needs chromium on PATH")
	}
	profile, err := os.MkdirTemp("", "chromium-")
	if err != nil {
		t.Fatal(err)
	}
	toBrowser, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, fromBrowser, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	cmd := exec.CommandContext(ctx, program, "--headless", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--user-data-dir="+profile, "about:blank")
	cmd.ExtraFiles = []*os.File{toBrowser, fromBrowser} // descriptors 3 and 4
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	toBrowser.Close()
	fromBrowser.Close()
	b := &tab{t: t, ctx: ctx, in: in, replies: make(chan message, 1000)}
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer close(b.replies)
		b.read(out)
	}()
	t.Cleanup(func() {
		in.Close() // the browser ends with its pipe
		cmd.Wait()
		<-read
		out.Close()
		cancel()
		os.RemoveAll(profile)
	})
	b.attach()
	return b
}

func (b *tab) read(out *os.File) {
	r := bufio.NewReader(out)
	for {
		raw, err := r.ReadBytes(0)
		if err != nil {
			return
		}
		var m message
		if json.Unmarshal(raw[:len(raw)-1], &m) == nil {
			select {
			case b.replies <- m:
			case <-b.ctx.Done():
				return
			}
		}
	}
}

func (b *tab) attach() {
	b.t.Helper()
	var target struct{ TargetID string }
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var session struct{ SessionID string }
	b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &session)
	b.session = session.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		b.call(domain+".enable", nil, nil)
	}
	b.call("Emulation.setFocusEmulationEnabled", map[string]any{"enabled": true}, nil)
	b.call("Page.setLifecycleEventsEnabled", map[string]any{"enabled": true}, nil)
}

// call sends a command and waits for its result.
func (b *tab) call(method string, params, result any) {
	b.t.Helper()
	b.id++
	if params == nil {
		params = struct{}{}
	}
	request := map[string]any{"id": b.id, "method": method, "params": params}
	if b.session != "" {
		request["sessionId"] = b.session
	}
	raw, err := json.Marshal(request)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.in.Write(append(raw, 0)); err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
	m := b.until(func(m message) bool { return m.ID == b.id })
	if m.Error != nil {
		b.t.Fatalf("%s: %s", method, m.Error.Message)
	}
	if result != nil {
		if err := json.Unmarshal(m.Result, result); err != nil {
			b.t.Fatalf("%s: %v", method, err)
		}
	}
}

// until reads on to the wanted message.
func (b *tab) until(wanted func(message) bool) message {
	b.t.Helper()
	for {
		select {
		case m, ok := <-b.replies:
			if !ok {
				b.t.Fatal("the browser has ended")
			}
			if m.Method == "Log.entryAdded" || m.Method == "Runtime.exceptionThrown" {
				b.problems = append(b.problems, string(m.Params))
			}
			if wanted(m) {
				return m
			}
		case <-b.ctx.Done():
			b.t.Fatal("the browser does not answer")
		}
	}
}

// open loads an address and waits for the end of loading, and for the first
// picture: browsers obey autofocus no sooner.
func (b *tab) open(address string) {
	b.t.Helper()
	var started struct{ LoaderID string }
	b.call("Page.navigate", map[string]any{"url": address}, &started)
	b.until(func(m message) bool {
		var e struct{ LoaderID, Name string }
		return m.Method == "Page.lifecycleEvent" && json.Unmarshal(m.Params, &e) == nil && e.LoaderID == started.LoaderID && e.Name == "load"
	})
	b.screenshot()
}

// screen sets the size of the window and the color scheme.
func (b *tab) screen(width, height int, scheme string) {
	b.t.Helper()
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}, nil)
	b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

// eval returns the value of a JavaScript expression.
func (b *tab) eval(expression string) any {
	b.t.Helper()
	var out struct {
		Result           struct{ Value any }
		ExceptionDetails json.RawMessage
	}
	b.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true}, &out)
	if out.ExceptionDetails != nil {
		b.t.Fatalf("%s: %s", expression, out.ExceptionDetails)
	}
	return out.Result.Value
}

func (b *tab) write(s string) {
	b.t.Helper()
	b.call("Input.insertText", map[string]any{"text": s}, nil)
}

// press types one named key, with its text if it has one.
func (b *tab) press(key string, code int, text string) {
	b.t.Helper()
	down := map[string]any{"type": "keyDown", "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text}
	b.call("Input.dispatchKeyEvent", down, nil)
	b.call("Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "key": key, "code": key, "windowsVirtualKeyCode": code}, nil)
}

func (b *tab) tabKey() { b.t.Helper(); b.press("Tab", 9, "") }

func (b *tab) enterKey() { b.t.Helper(); b.press("Enter", 13, "\r") }

func (b *tab) screenshot() []byte {
	b.t.Helper()
	var out struct{ Data string }
	b.call("Page.captureScreenshot", map[string]any{"format": "png"}, &out)
	raw, err := base64.StdEncoding.DecodeString(out.Data)
	if err != nil {
		b.t.Fatal(err)
	}
	return raw
}

// sound fails the test if the browser complained about the page.
func (b *tab) sound(name string) {
	b.t.Helper()
	for _, p := range b.problems {
		b.t.Errorf("%s: the browser says %s", name, p)
	}
	b.problems = nil
}

// focused describes the element that has the focus.
func (b *tab) focused() string {
	b.t.Helper()
	return fmt.Sprint(b.eval(`(e => [e.localName, e.name, e.value].filter(Boolean).join(" "))(document.activeElement)`))
}
