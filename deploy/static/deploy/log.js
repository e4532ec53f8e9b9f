// The page of a deployment: its log, its state, and the buttons around them.
(function (root) {
  "use strict";

  var FINAL = ["succeeded", "failed", "cancelled", "lost"];
  var byId = root.document.getElementById.bind(root.document);
  var main = byId("main");
  var id = Number(main.dataset.deployment);
  var log = byId("log");
  var panel = new root.LogPanel(log, { onTrim: showTrimmed });
  var GONE = "\u001b[0;2m── what was written here is not kept any more ──\u001b[0m\n";
  var fresh = true; // still showing what the server wrote into the page
  var started = Date.parse(main.dataset.started) || null; // the server's clock
  var origin = null; // this page's clock at the start of the run
  var handle = null;
  var over = false;

  if (main.dataset.elapsed !== "") {
    origin = root.performance.now() - 1000 * Number(main.dataset.elapsed);
  }

  handle = root.connection.follow({
    url: main.dataset.socket,
    since: Number(main.dataset.since),
    epoch: main.dataset.epoch,
    onGap: function () {
      startAfresh();
      panel.feed(GONE);
    },
    onEntries: function (first, bodies) {
      bodies.forEach(function (body) {
        var output = root.Entries.output(body, id);
        var state = root.Entries.state(body, id);
        if (output) {
          startAfresh();
          panel.feed(output.text, output.stamp);
        } else if (state) {
          showState(state);
        }
      });
    },
  });
  if (over) {
    handle.close();
  }

  // The text that came with the page is what the stream is about to bring again, with colours.
  function startAfresh() {
    if (fresh) {
      fresh = false;
      panel.replace();
      var note = byId("shortened");
      if (note) {
        note.hidden = true;
      }
    }
  }

  function showTrimmed() {
    var note = byId("trimmed");
    if (!note) {
      note = root.document.createElement("p");
      note.id = "trimmed";
      note.className = "shortened";
      note.textContent = "Earlier lines were dropped from this page; the raw log has all of them.";
      log.parentNode.insertBefore(note, log);
    }
  }

  function showState(body) {
    var badge = byId("state");
    badge.textContent = body.state;
    badge.className = "state " + body.state;
    byId("reason").textContent = body.reason || "";
    root.document.title = body.state + " · " + main.dataset.name + " #" + id;
    var at = Date.parse(body.at);
    if (body.state === "running") {
      started = at;
      if (origin === null) {
        origin = root.performance.now();
      }
    }
    if (FINAL.indexOf(body.state) >= 0) {
      finish(body, at);
    }
    showDuration();
  }

  // A final state is the last entry a deployment has: nothing more is to be waited for.
  function finish(body, at) {
    over = true;
    byId("code").textContent = body.code === null ? "–" : body.code;
    if (started !== null) {
      byId("duration").textContent = clock((at - started) / 1000);
    }
    var cancel = byId("cancel");
    if (cancel) {
      // Its place stays, so that the log does not move under somebody who reads it.
      cancel.classList.add("gone");
      cancel.querySelector("button").disabled = true;
    }
    root.connection.show("over");
    if (handle) {
      handle.close();
    }
  }

  function showDuration() {
    if (!over && origin !== null) {
      byId("duration").textContent = clock((root.performance.now() - origin) / 1000);
    }
  }

  function clock(seconds) {
    seconds = Math.max(0, seconds);
    if (seconds < 60) {
      return (seconds < 10 ? seconds.toFixed(1) : Math.floor(seconds)) + " s";
    }
    var whole = Math.floor(seconds);
    var parts = [Math.floor(whole / 60) % 60, whole % 60];
    if (whole >= 3600) {
      parts.unshift(Math.floor(whole / 3600));
    }
    return parts.map(function (part, index) {
      return index && part < 10 ? "0" + part : part;
    }).join(":");
  }

  root.setInterval(showDuration, 250);

  function toggle(button, act) {
    button.hidden = false;
    button.addEventListener("click", function () {
      var on = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(on));
      act(on);
    });
  }

  // A button for a class of the log, as this browser had it last.
  function setting(button, name) {
    function set(on) {
      button.setAttribute("aria-pressed", String(on));
      log.classList.toggle(name, on);
      panel.keepUp();
    }
    toggle(button, function (on) {
      set(on);
      try {
        root.localStorage.setItem("log-" + name, String(on));
      } catch (error) {} // not kept, where storage is off or full
    });
    try {
      var kept = root.localStorage.getItem("log-" + name);
      if (kept !== null) {
        set(kept === "true");
      }
    } catch (error) {}
  }

  var follow = byId("follow");
  toggle(follow, function (on) {
    panel.follow(on);
  });
  panel.onFollow = function (on) {
    follow.setAttribute("aria-pressed", String(on));
  };
  setting(byId("times"), "times");
  setting(byId("wrap"), "wrap");
  var end = byId("end");
  end.hidden = false;
  end.addEventListener("click", function () {
    panel.toEnd();
  });
  panel.keepUp();
})(this);
