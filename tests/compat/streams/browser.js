// A page without a browser: sockets and timers that a test moves by hand. `sockets` are those that
// were opened, run() lets the timers that wait now be over.
var sockets = [];
var timers = [];
var reloads = 0;
var listeners = {};
var clock = 0; // milliseconds

(function (root) {
  "use strict";

  root.window = root.window || root;
  root.self = root.self || root;
  // No page of the network: nothing may be asked of it.
  if (!root.document) {
    root.addEventListener = function (name, act) {
      (listeners[name] = listeners[name] || []).push(act);
    };
    root.removeEventListener = function (name, act) {
      listeners[name] = listeners[name].filter(function (one) { return one !== act; });
    };
    root.dispatchEvent = function (event) {
      (listeners[event.type] || []).forEach(function (act) { act(event); });
    };
    root.location = {
      href: "http://site/", host: "site", protocol: "http:",
      reload: function () { reloads += 1; }
    };
    root.document = {
      addEventListener: function () {}, removeEventListener: function () {},
      visibilityState: "visible",
      elements: {},
      getElementById: function (id) {
        return this.elements[id] || (this.elements[id] = { dataset: { socket: "/ws/" } });
      }
    };
    Object.defineProperty(root, "navigator", { value: { onLine: true }, configurable: true });
  }

  root.EventSource = root.fetch = undefined; // a test that wants them says so
  root.WebSocket = function (url) {
    this.url = url;
    this.readyState = 0;
    this.sent = [];
    sockets.push(this);
  };
  root.WebSocket.prototype.send = function (text) {
    this.sent.push(JSON.parse(text));
  };
  root.WebSocket.prototype.close = function () {
    this.closed = true;
  };
  root.setTimeout = function (act) {
    var more = Array.prototype.slice.call(arguments, 2);
    return timers.push(function () { act.apply(null, more); });
  };
  Object.defineProperty(root, "performance", {
    value: { now: function () { return clock; } }, configurable: true
  });
  root.clearTimeout = function (number) {
    timers[number - 1] = null;
  };
})(this);

function run() {
  timers.splice(0).forEach(function (act) {
    if (act) {
      act();
    }
  });
}

// The newest socket opens, gets frames, and is closed with a code.
function serve(code, frames) {
  var socket = sockets[sockets.length - 1];
  socket.onopen({});
  (frames || []).forEach(function (frame) {
    socket.onmessage({ data: JSON.stringify(frame) });
  });
  if (socket.onclose) {  // the page may have closed it
    socket.onclose({ code: code });
  }
}
