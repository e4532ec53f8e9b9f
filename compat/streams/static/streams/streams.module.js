// Made of streams.js by `make docs`.
// Follows streams and resumes where it left off. How to use it: docs/guide/streams.md
// How it is built, small and for browsers of 2019: docs/architecture.md
var Streams = (function () {
  "use strict";

  var FIRST_DELAY = 1000;
  var LONGEST_DELAY = 30000;
  var STEADY = 5000; // a connection that lasts so long is a success
  var HANDSHAKE = 15000; // until it is given up
  var SILENCE = 2; // heartbeats that may be missed
  var REFUSALS = 3;
  var START_OVER = 4409; // see docs/reference/close-codes.md
  var AT_ONCE = 100; // names in a frame
  var WORKER = 5000; // until one that says nothing is done without

  var page = typeof document === "undefined" ? null : document;
  var own = page && page.currentScript;
  var script = import.meta.url;
  var cores = Object.create(null);

  function now() {
    return performance.now();
  }

  function later(act) {
    setTimeout(act, 0);
  }

  function list(found) {
    return Array.prototype.slice.call(found);
  }

  function isFinal(code) {
    return /^[34][5-9]\d\d$/.test(code);
  }

  function decode(text) {
    try {
      return JSON.parse(text) || {};
    } catch (error) {
      return {};
    }
  }

  function teller(options) {
    return function (name) {
      try {
        if (typeof options[name] === "function") {
          options[name].apply(null, list(arguments).slice(1));
        }
      } catch (error) {
        later(function () {
          throw error;
        });
      }
    };
  }

  function webSocket(its, on) {
    var url = its.url();
    url.protocol = url.protocol.replace(/^http/, "ws");
    url.hash = "";
    var socket = new WebSocket(url.href);
    socket.onopen = function () {
      on.open();
    };
    socket.onmessage = function (event) {
      on.message(decode(event.data));
    };
    socket.onclose = function (event) {
      on.close(event.code);
    };
    return {
      send: function (text) {
        if (socket.readyState !== 1) {
          return false;
        }
        socket.send(text);
        return true;
      },
      close: function () {
        socket.onopen = socket.onmessage = socket.onclose = null;
        socket.close();
      }
    };
  }

  function overHttp(transport, begin) {
    return function (its, on) {
      var timer, opened, stop;

      function ask(pause) {
        clearTimeout(timer);
        timer = setTimeout(function () {
          var url = its.url(true);
          url.protocol = url.protocol.replace("ws", "http");
          url.searchParams.set("transport", transport);
          if (!opened) {
            url.searchParams.set("wait", 0);
          }
          end();
          stop = begin(url, take, end, ask);
        }, pause);
      }

      function take(frame) {
        if (!opened) {
          opened = true;
          on.open();
        }
        if (frame.type === "close") {
          end(frame.code);
        } else {
          on.message(frame);
        }
      }

      function end(code) {
        clearTimeout(timer);
        if (stop) {
          stop();
          stop = null;
          if (code) {
            on.close(code);
          }
        }
      }

      ask(0);
      return {
        send: function (text) {
          var more = /^.{9}sub/.test(text);
          if (more) {
            ask(0);
          }
          return more;
        },
        close: end
      };
    };
  }

  function events(url, take, end) {
    var source = new EventSource(url.href, { withCredentials: true });
    source.onmessage = function (event) {
      take(decode(event.data));
    };
    source.onerror = function () {
      end(1006);
    };
    return function () {
      source.onmessage = source.onerror = null;
      source.close();
    };
  }

  function poll(url, take, end, ask) {
    var over = false;
    var began = now();
    fetch(url.href, { credentials: "include" })
      .then(function (answer) {
        return answer.json().then(function (said) {
          said.frames.forEach(function (frame) {
            if (!over) {
              take(frame);
            }
          });
          if (!over) {
            if (!answer.ok) {
              throw 0;
            }
            ask(now() - began < FIRST_DELAY ? FIRST_DELAY : 0);
          }
        });
      })
      .catch(function () {
        if (!over) {
          end(1006);
        }
      });
    return function () {
      over = true;
    };
  }

  var WAYS = {
    websocket: webSocket,
    events: self.EventSource && overHttp("events", events),
    poll: self.fetch && overHttp("poll", poll)
  };
  var RETURN = 1800000; // until a WebSocket is tried again

  function known(ways, works) {
    var store = cores;
    var key = "streams." + ways;
    try {
      store = self.localStorage || store;
      if (works) {
        store[key] = [works, Date.now()];
      }
      var found = String(store[key]).split(",");
      return Date.now() - found[1] < RETURN && found[0];
    } catch (error) {}
  }

  function link(its, ways) {
    var wire = null;
    var timer, handshake, deadline, back;
    var heard = 0;
    var attempts = 0;
    var refusals = 0;
    var openedAt = 0;
    var ended = false;

    ways = ways || Object.keys(WAYS);

    function connect() {
      var opened = false;
      clearTimeout(timer);
      clearTimeout(back);
      var at = refusals < 2 ? ways.indexOf(known(ways)) : refusals % 2 ? 0 : refusals % 4 ? 1 : 2;
      var way = WAYS[ways[at]] ? ways[at] : ways[0];
      var current = (WAYS[way] || webSocket)(its, {
        open: function () {
          clearTimeout(handshake);
          opened = true;
          openedAt = now();
          refusals = 0;
          if (way !== known(ways)) {
            known(ways, way);
          }
          back = setTimeout(function () {
            if (way !== ways[0] && wire === current) {
              online();
            }
          }, RETURN);
          its.state("open");
          if (wire === current) {
            its.opened();
          }
        },
        message: function (frame) {
          if (wire === current) {
            heard = now();
            its.received(frame);
          }
        },
        close: function (code) {
          wire = null;
          failed(opened, code);
        }
      });
      wire = current;
      its.state("connecting");
      clearTimeout(handshake);
      clearTimeout(deadline);
      handshake = setTimeout(function () {
        if (wire === current && !opened) {
          lost(false);
        }
      }, HANDSHAKE);
    }

    function drop() {
      if (wire !== null) {
        wire.close();
        wire = null;
      }
    }

    function lost(opened) {
      drop();
      failed(opened !== false, 1006);
    }

    function watch(current, patience) {
      var left = heard + patience - now();
      clearTimeout(deadline);
      if (left > 0) {
        deadline = setTimeout(watch, left, current, patience);
      } else if (wire === current) {
        lost();
      }
    }

    function failed(opened, code) {
      clearTimeout(handshake);
      if (ended) {
        return;
      }
      if (isFinal(code)) {
        end(code);
        return;
      }
      if (code === START_OVER) {
        its.startOver();
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
      its.state(refusals >= REFUSALS ? "refused" : "waiting", code);
      if (!ended) {
        var delay = Math.min(LONGEST_DELAY, FIRST_DELAY * Math.pow(2, attempts));
        attempts += 1;
        timer = setTimeout(connect, delay * (0.5 + Math.random() / 2));
      }
    }

    function revive() {
      if (!ended && wire === null) {
        attempts = 0;
        connect();
      }
    }

    function online() {
      if (!ended) {
        drop();
        known(ways, ways[0]);
        revive();
      }
    }

    function visible() {
      if (page.visibilityState === "visible") {
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
      clearTimeout(back);
      self.removeEventListener("online", online);
      if (page) {
        page.removeEventListener("visibilitychange", visible);
      }
      drop();
      its.state("closed", code);
    }

    self.addEventListener("online", online);
    if (page) {
      page.addEventListener("visibilitychange", visible);
    }
    connect();

    return {
      send: function (frame) {
        return wire !== null && wire.send(JSON.stringify(frame));
      },
      beat: function (seconds) {
        if (seconds > 0) {
          watch(wire, SILENCE * 1000 * seconds);
        }
      },
      lost: lost,
      revive: revive,
      close: function () {
        end(1000);
      }
    };
  }

  function cursorOf(options) {
    var since = options.since == null ? 0 : options.since;
    var found = /^(.+):(\d+)$/.exec(since);
    return found
      ? { since: Number(found[2]), epoch: found[1] }
      : { since: since, epoch: options.epoch || "" };
  }

  function asText(cursor) {
    return cursor.of ? "*" + (cursor.since || "") : cursor.epoch ? cursor.epoch + ":" + cursor.since : cursor.since;
  }

  function startOver(cursor, epoch, tell) {
    cursor.since = 0;
    cursor.epoch = epoch || "";
    tell("onStartOver");
    tell("onReset");
  }

  function take(cursor, frame, tell) {
    var known = typeof cursor.since === "number";
    if (frame.type === "reset") {
      startOver(cursor, frame.epoch, tell);
      return true;
    }
    if (frame.type === "gap") {
      if (!known || frame.oldest - 1 > cursor.since) {
        cursor.since = frame.oldest - 1;
        tell("onGap", frame.oldest);
      }
      return true;
    }
    if (frame.who) {
      tell("onPresence", frame.count, frame.who);
      return true;
    }
    if (frame.epoch && frame.epoch !== cursor.epoch) {
      if (cursor.epoch && cursor.since !== 0) {
        return false;
      }
      cursor.epoch = frame.epoch;
    }
    if (frame.type === "live") {
      if (!known || frame.seq > cursor.since) {
        cursor.since = frame.seq;
      }
      tell("onLive", frame.seq);
      return true;
    }
    var first = frame.first;
    var bodies = frame.bodies;
    var last = first + bodies.length - 1;
    if (known) {
      if (last <= cursor.since) {
        return true;
      }
      if (first > cursor.since + 1) {
        return false;
      }
      bodies = bodies.slice(cursor.since + 1 - first);
      first = cursor.since + 1;
    }
    cursor.since = last;
    tell("onEntries", first, bodies);
    return true;
  }

  var ABOUT_A_STREAM = /^(entries|live|gap|reset|presence)$/;

  function follow(options) {
    var cursor = cursorOf(options);
    var tell = teller(options);
    var connection = link({
      url: function () {
        var url = new URL(options.url, location.href);
        url.searchParams.set("since", cursor.since);
        url.searchParams.set("epoch", cursor.epoch);
        return url;
      },
      opened: function () {},
      received: function (frame) {
        if (ABOUT_A_STREAM.test(frame.type)) {
          if (!take(cursor, frame, tell)) {
            connection.lost();
          } else if (frame.type === "live") {
            connection.beat(frame.beat);
          }
        } else if (frame.type !== "beat") {
          tell("onMessage", frame);
        }
      },
      startOver: function () {
        startOver(cursor, "", tell);
      },
      state: tell.bind(null, "onState")
    }, options.transports);
    return {
      close: connection.close,
      send: connection.send,
      since: function () {
        return cursor.since;
      },
      epoch: function () {
        return cursor.epoch;
      }
    };
  }

  function local(core, url, ways) {
    var streams = Object.create(null); // name → {subs, asked, live, skip}
    var connection = link({
      url: function (all) {
        var found = new URL(url);
        if (all) {
          found.searchParams.set("epoch", ""); // we know of beats
          found.searchParams.set("subscribe", JSON.stringify(asked(Object.keys(streams))));
        }
        return found;
      },
      opened: function () {
        ask(
          Object.keys(streams).filter(function (name) {
            return !streams[name].asked;
          })
        );
      },
      received: received,
      startOver: function () {},
      state: function (word) {
        if (word === "connecting") {
          Object.keys(streams).forEach(function (name) {
            streams[name].asked = streams[name].live = false;
            streams[name].skip = 0;
            prune(name);
          });
        }
        core.told.apply(null, ["onState"].concat(list(arguments)));
      }
    }, ways);

    function least(subs) {
      return subs.reduce(function (found, sub) {
        var since = sub.cursor.since;
        var less = since !== "latest" && (found.since === "latest" || since < found.since);
        return less ? sub.cursor : found;
      }, subs[0].cursor);
    }

    function asked(names, not) {
      var wanted = Object.create(null);
      names.forEach(function (name) {
        streams[name].asked = !not;
        if (streams[name].subs.length) {
          wanted[name] = asText(least(streams[name].subs));
        }
      });
      return wanted;
    }

    function ask(names) {
      var some = names.splice(0, AT_ONCE);
      if (some.length) {
        if (connection.send({ type: "subscribe", streams: asked(some) })) {
          ask(names);
        } else {
          asked(some, true);
        }
      }
    }

    function leave(name) {
      var stream = streams[name];
      if (stream.asked && connection.send({ type: "unsubscribe", streams: [name] })) {
        stream.skip += 1;
      }
      stream.asked = stream.live = false;
    }

    function prune(name) {
      if (!streams[name].subs.length && !streams[name].skip) {
        delete streams[name];
      }
    }

    function again(name) {
      leave(name);
      ask([name]);
    }

    function received(frame) {
      var name = frame.stream;
      var stream = streams[name];
      if (frame.type === "hello") {
        connection.beat(frame.beat);
      } else if (frame.type === "unsubscribed") {
        if (stream && stream.skip) {
          stream.skip -= 1;
          prune(name);
        }
      } else if (frame.type === "listed") {
        if (stream && !stream.skip) {
          stream.subs.forEach(bring.bind(null, frame.streams));
        }
      } else if (frame.type === "error") {
        if (!stream) {
          core.told("onError", frame.code, frame.detail);
        } else if (!stream.skip) {
          delete streams[name];
          stream.subs.forEach(function (sub) {
            sub.tell("onError", frame.code, frame.detail);
          });
        }
      } else if (ABOUT_A_STREAM.test(frame.type)) {
        if (stream && !stream.skip) {
          deliver(stream, frame);
        }
      } else if (frame.type !== "beat") {
        core.told("onMessage", frame);
      }
    }

    // A list has a sub, and a cursor, of its own in each stream that comes up.
    function bring(found, every) {
      var of = every.cursor.of;
      var has = (every.has = every.has || {});
      Object.keys(found).forEach(function (name) {
        var at = found[name];
        var stream = streams[name];
        if (stream && stream.subs.indexOf(has[name]) >= 0) {
          return;
        }
        of[name] = of[name] || cursorOf({ since: every.cursor.since && (at || "latest") });
        if (stream) {
          at = stream;
        } else {
          streams[name] = { subs: [], asked: true, skip: 0 };
        }
        has[name] = {
          name: name,
          cursor: of[name],
          tell: function () {
            every.tell.apply(null, list(arguments).concat(name));
          }
        };
        add(has[name], at);
      });
      every.cursor.since = 0;
    }

    function deliver(stream, frame) {
      var fine = true;
      if (frame.who) {
        stream.here = frame;
      }
      stream.live = frame.type === "live" || (stream.live && frame.type !== "reset");
      stream.subs.slice().forEach(function (sub) {
        if (stream.subs.indexOf(sub) < 0 || (sub.cursor.since === "latest" && !stream.live)) {
          return;
        }
        if (!take(sub.cursor, frame, sub.tell)) {
          fine = false;
          if (frame.epoch !== sub.cursor.epoch) {
            startOver(sub.cursor, frame.epoch, sub.tell);
          }
        }
      });
      if (!fine && stream.subs.length) {
        again(frame.stream);
      }
    }

    function add(sub, at) {
      var stream = streams[sub.name];
      if (!stream) {
        stream = streams[sub.name] = { subs: [], skip: 0 };
      }
      var other = stream.subs[0];
      stream.subs.push(sub);
      if (!stream.asked) {
        ask([sub.name]);
      } else if (stream.live && /^(latest|-1)$/.test(sub.cursor.since)) {
        sub.cursor.since = other.cursor.since;
        sub.cursor.epoch = other.cursor.epoch;
        later(function () {
          sub.tell("onLive", sub.cursor.since);
          if (stream.here) {
            take(sub.cursor, stream.here, sub.tell);
          }
        });
      } else if (asText(sub.cursor) !== at) {
        again(sub.name);
      }
    }

    function remove(sub) {
      var stream = streams[sub.name];
      var at = stream ? stream.subs.indexOf(sub) : -1;
      if (at >= 0) {
        stream.subs.splice(at, 1);
        if (!stream.subs.length) {
          leave(sub.name);
          prune(sub.name);
        }
        Object.keys(sub.has || {}).forEach(function (name) {
          remove(sub.has[name]);
        });
      }
    }

    return {
      add: add,
      remove: remove,
      send: connection.send,
      revive: connection.revive,
      close: connection.close
    };
  }

  function remote(core, url, ways, source) {
    var worker = new SharedWorker(source, {
      name: "streams " + url,
      type: /\.module\./.test(source) ? "module" : "classic"
    });
    var port = worker.port;
    var timer = setTimeout(give, WORKER);

    function give() {
      over.close();
      core.over = local(core, url, ways);
      core.subs.forEach(core.over.add);
    }

    function say(method, sub) {
      port.postMessage([method, sub && { id: sub.id, name: sub.name, cursor: sub.cursor }]);
    }

    function hide() {
      say("close");
    }

    function show(event) {
      if (event.persisted) {
        begin();
      }
    }

    function begin() {
      port.postMessage(["open", url, ways]);
      core.subs.forEach(over.add);
    }

    var over = {
      add: say.bind(null, "add"),
      remove: say.bind(null, "remove"),
      send: function (frame) {
        port.postMessage(["send", frame]);
        return true;
      },
      revive: say.bind(null, "revive"),
      close: function () {
        worker.onerror = null;
        clearTimeout(timer);
        hide();
        port.close();
        self.removeEventListener("pagehide", hide);
        self.removeEventListener("pageshow", show);
        page.removeEventListener("visibilitychange", over.revive);
      }
    };
    worker.onerror = give;
    port.onmessage = function (event) {
      var id = event.data[0];
      var said = event.data[2];
      worker.onerror = null;
      clearTimeout(timer);
      timer = setTimeout(give, SILENCE * LONGEST_DELAY);
      if (!id && said) {
        core.told.apply(null, said);
      }
      core.subs.forEach(function (sub) {
        if (sub.id === id) {
          sub.cursor = event.data[1];
          sub.tell.apply(null, said);
        }
      });
    };
    self.addEventListener("pagehide", hide);
    self.addEventListener("pageshow", show);
    page.addEventListener("visibilitychange", over.revive);
    begin();
    return over;
  }

  function serve(port) {
    var handle, timer, subs;

    function pass(sub) {
      return function () {
        port.postMessage([sub.id, sub.cursor, list(arguments)]);
      };
    }

    port.onmessage = function (event) {
      var method = event.data[0];
      var what = event.data[1];
      if (method === "open") {
        var tell = pass({ id: 0 });
        handle = enter(what, tell, event.data[2]);
        subs = {};
        timer = setInterval(tell, LONGEST_DELAY);
        tell("onState", handle.state());
      } else if (method === "close") {
        clearInterval(timer);
        handle.close();
      } else if (method === "add") {
        subs[what.id] = what;
        what.tell = pass(what);
        handle.add(what);
      } else if (method === "remove") {
        handle.remove(subs[what.id]);
        delete subs[what.id];
      } else {
        handle[method](what);
      }
    };
  }

  function enter(url, tell, ways, source) {
    var key = [url, source, ways];
    var core = cores[key];
    var me = { tell: tell };
    if (core) {
      core.handles.push(me);
      later(function () {
        tell("onState", core.state);
      });
    } else {
      core = cores[key] = { handles: [me], subs: [], count: 0 };
      core.told = function (name, word) {
        var said = list(arguments);
        if (name === "onState") {
          core.state = word;
          if (word === "closed" && cores[key] === core) {
            delete cores[key]; // who comes later begins anew
          }
        }
        core.handles.slice().forEach(function (handle) {
          handle.tell.apply(null, said);
        });
      };
      try {
        core.over = (source ? remote : local)(core, url, ways, source);
      } catch (error) {
        core.over = local(core, url, ways);
      }
    }

    function remove(sub) {
      var at = core.subs.indexOf(sub);
      if (at >= 0) {
        core.subs.splice(at, 1);
        core.over.remove(sub);
      }
    }

    return {
      state: function () {
        return core.state;
      },
      add: function (sub) {
        sub.id = sub.id || (core.count += 1);
        sub.of = me;
        core.subs.push(sub);
        core.over.add(sub);
      },
      remove: remove,
      send: function (frame) {
        return core.over.send(frame);
      },
      revive: function () {
        core.over.revive();
      },
      close: function () {
        var at = core.handles.indexOf(me);
        if (at >= 0) {
          core.subs.slice().forEach(function (sub) {
            if (sub.of === me) {
              remove(sub);
            }
          });
          core.handles.splice(at, 1);
          if (!core.handles.length) {
            core.over.close();
            core.told("onState", "closed");
          }
        }
      }
    };
  }

  function connect(options) {
    options = options || {};
    var path = options.url || (own && own.getAttribute("data-url")) || "/ws/streams/";
    var source = options.worker === true ? script : options.worker;
    var url = new URL(path, location.href).href;
    var handle = enter(url, teller(options), options.transports, source);
    return {
      subscribe: function (name, what) {
        var sub = { name: name, cursor: cursorOf(what), tell: teller(what) };
        if (what.list) {
          sub.cursor.of = {};
        }
        handle.add(sub);
        return {
          close: function () {
            sub.tell = function () {};
            handle.remove(sub);
          },
          since: function () {
            return sub.cursor.since;
          },
          epoch: function () {
            return sub.cursor.epoch;
          }
        };
      },
      state: handle.state,
      send: handle.send,
      close: handle.close
    };
  }

  if (typeof SharedWorkerGlobalScope !== "undefined") {
    self.onconnect = function (event) {
      serve(event.ports[0]);
    };
  }

  return Object.freeze({ follow: follow, connect: connect, isFinal: isFinal });
})();

export default Streams;
export var follow = Streams.follow, connect = Streams.connect, isFinal = Streams.isFinal;
