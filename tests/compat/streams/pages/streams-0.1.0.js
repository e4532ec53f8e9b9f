/*
 * Follows a stream over a WebSocket and resumes where it left off.
 *
 *   var handle = Streams.follow({
 *     url: "/ws/deploy/web/",          // path, http(s) or ws(s) address; may have a query string
 *     since: 0,                        // last sequence number seen, or "latest"
 *     epoch: "",                       // the epoch of `since`, as position() gives it, if it is known
 *     onEntries: function (first, bodies) {},   // bodies[i] has sequence number first + i
 *     onLive: function (seq) {},       // everything up to seq was delivered
 *     onGap: function (oldest) {},     // entries before `oldest` are not kept any more
 *     onReset: function () {},         // what was delivered is not in the log any more (a restored
 *                                      // backup): forget it; entries come from the first one on
 *     onStartOver: function () {},     // the same, for pages that were written before onReset
 *     onState: function (state, detail) {},     // connecting, open, waiting, refused, closed
 *     onMessage: function (message) {} // any other frame, decoded
 *   });
 *   handle.send({message: "…"});       // true when it was handed to an open connection
 *   handle.close();
 *
 * Streams.isFinal(code) tells whether a page should stay away after that close code.
 */
(function () {
  "use strict";

  var FIRST_DELAY = 1000;
  var LONGEST_DELAY = 30000;
  // A connection has to last this long before the next failure starts from FIRST_DELAY again.
  var STEADY = 5000;
  // A handshake that never ends is given up after this long.
  var HANDSHAKE = 15000;
  // So many heartbeats may be missed; the server tells how often they come.
  var SILENCE = 2;
  var REFUSALS = 3;
  // The close code for a number beyond the end of the log. All codes: docs/reference/close-codes.md
  var START_OVER = 4409;

  function address(url, since, epoch) {
    var parsed = new URL(url, window.location.href);
    parsed.protocol = parsed.protocol.replace(/^http/, "ws");
    parsed.hash = "";
    parsed.searchParams.set("since", since);
    // Also where it is not known: we understand to be told of another one.
    parsed.searchParams.set("epoch", epoch);
    return parsed.href;
  }

  // Of a clock that nobody sets.
  function now() {
    return performance.now();
  }

  function isFinal(code) {
    return (code >= 3500 && code <= 3999) || (code >= 4500 && code <= 4999);
  }

  function follow(options) {
    var since = options.since === undefined || options.since === null ? 0 : options.since;
    // The history that `since` is a number of; the server tells it.
    var epoch = options.epoch || "";
    var socket = null;
    var timer = null;
    var handshake = null;
    var deadline = null;
    var heard = 0;
    var attempts = 0;
    var refusals = 0;
    var openedAt = 0;
    var ended = false;

    function tell(name) {
      if (typeof options[name] === "function") {
        options[name].apply(null, Array.prototype.slice.call(arguments, 1));
      }
    }

    function connect() {
      clearTimeout(timer);
      timer = null;
      var opened = false;
      var current = new WebSocket(address(options.url, since, epoch));
      socket = current;
      tell("onState", "connecting");
      clearTimeout(handshake);
      clearTimeout(deadline);
      handshake = setTimeout(function () {
        if (socket === current && !opened) {
          drop(current);
          failed(opened, 1006);
        }
      }, HANDSHAKE);

      current.onopen = function () {
        if (socket !== current) {
          return;
        }
        clearTimeout(handshake);
        opened = true;
        openedAt = now();
        refusals = 0;
        tell("onState", "open");
      };
      current.onmessage = function (event) {
        if (socket === current) {
          heard = now();
          receive(event.data);
        }
      };
      current.onclose = function (event) {
        if (socket === current) {
          clearTimeout(handshake);
          socket = null;
          failed(opened, event.code);
        }
      };
    }

    // The connection is dead if nothing comes for so long: what is sent into it gets lost, and the
    // browser may take minutes to notice.
    function watch(current, patience) {
      var left = heard + patience - now();
      clearTimeout(deadline);
      if (left > 0) {
        deadline = setTimeout(watch, left, current, patience);
      } else if (socket === current) {
        drop(current);
        failed(true, 1006);
      }
    }

    function drop(old) {
      old.onopen = old.onmessage = old.onclose = null;
      old.close();
      if (socket === old) {
        socket = null;
      }
    }

    function failed(opened, code) {
      if (ended) {
        return;
      }
      if (isFinal(code)) {
        end(code);
        return;
      }
      if (code === START_OVER) {
        startOver("");
        if (ended) {
          return;
        }
      }
      if (opened && now() - openedAt >= STEADY) {
        attempts = 0;
      }
      if (!opened) {
        refusals += 1;
      }
      tell("onState", refusals >= REFUSALS ? "refused" : "waiting", code);
      // A listener may have closed the handle.
      if (!ended) {
        var delay = Math.min(LONGEST_DELAY, FIRST_DELAY * Math.pow(2, attempts));
        attempts += 1;
        timer = setTimeout(connect, delay * (0.5 + Math.random() / 2));
      }
    }

    function startOver(next) {
      since = 0;
      epoch = next;
      tell("onStartOver");
      tell("onReset");
    }

    // Whether a frame is of the history that we know; what we do not know yet, we learn.
    function belongs(frame) {
      if (!frame.epoch || frame.epoch === epoch) {
        return true; // a server of before says nothing
      }
      if (epoch && since !== 0) {
        // We missed being told: the server will tell again.
        drop(socket);
        failed(true, 1006);
        return false;
      }
      epoch = frame.epoch;
      return true;
    }

    function receive(text) {
      var frame;
      try {
        frame = JSON.parse(text);
      } catch (error) {
        return;
      }
      if (frame === null || typeof frame !== "object") {
        return;
      }
      if (frame.type === "entries") {
        if (belongs(frame)) {
          entries(frame.first, frame.bodies);
        }
      } else if (frame.type === "reset") {
        startOver(frame.epoch || "");
      } else if (frame.type === "live") {
        if (!belongs(frame)) {
          return;
        }
        // Also the place to resume from for a reader that began at "latest".
        if (typeof since !== "number" || frame.seq > since) {
          since = frame.seq;
        }
        if (frame.beat > 0) {
          watch(socket, SILENCE * 1000 * frame.beat);
        }
        tell("onLive", frame.seq);
      } else if (frame.type === "gap") {
        if (typeof since !== "number" || frame.oldest - 1 > since) {
          since = frame.oldest - 1;
        }
        tell("onGap", frame.oldest);
      } else if (frame.type !== "beat") {
        tell("onMessage", frame);
      }
    }

    function entries(first, bodies) {
      var last = first + bodies.length - 1;
      if (typeof since === "number") {
        if (last <= since) {
          return;
        }
        if (first > since + 1) {
          // Something is missing: ask for it again rather than show a hole.
          drop(socket);
          failed(true, 1006);
          return;
        }
        bodies = bodies.slice(since + 1 - first);
        first = since + 1;
      }
      since = last;
      tell("onEntries", first, bodies);
    }

    function revive() {
      if (!ended && socket === null) {
        attempts = 0;
        connect();
      }
    }

    function online() {
      if (ended) {
        return;
      }
      if (socket !== null) {
        // The old connection belongs to the network that went away, and may not know it yet.
        drop(socket);
      }
      revive();
    }

    function visible() {
      if (document.visibilityState === "visible") {
        revive();
      }
    }

    function end(code) {
      if (ended) {
        return;
      }
      ended = true;
      clearTimeout(timer);
      clearTimeout(handshake);
      clearTimeout(deadline);
      window.removeEventListener("online", online);
      document.removeEventListener("visibilitychange", visible);
      if (socket !== null) {
        drop(socket);
      }
      tell("onState", "closed", code);
    }

    window.addEventListener("online", online);
    document.addEventListener("visibilitychange", visible);
    connect();

    return {
      close: function () {
        end(1000);
      },
      send: function (message) {
        if (socket === null || socket.readyState !== WebSocket.OPEN) {
          return false;
        }
        socket.send(JSON.stringify(message));
        return true;
      },
      since: function () {
        return since;
      },
      epoch: function () {
        return epoch;
      }
    };
  }

  window.Streams = Object.freeze({follow: follow, isFinal: isFinal});
})();
