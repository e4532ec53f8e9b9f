// The badge that tells whether the page is up to date, and buttons that act once.
//
//   connection.show("live")            one of the words below
//   connection.follow({...})           Streams.follow() that keeps the badge right
//   connection.connect({...})          Streams.connect() that does; its parts call connection.live()
(function (root) {
  "use strict";

  var WORDS = {
    connecting: "connecting…",
    loading: "loading…",
    live: "live",
    reconnecting: "reconnecting…",
    offline: "offline",
    refused: "not connected",
    closed: "not connected",
    over: "complete",
    again: "starting over…",
  };
  var shown = null;

  function show(state) {
    var badge = root.document.getElementById("connection");
    shown = state;
    badge.hidden = false;
    badge.className = "connection " + state;
    if (badge.textContent !== WORDS[state]) {
      badge.textContent = WORDS[state];
    }
  }

  function lost() {
    show(root.navigator.onLine ? "reconnecting" : "offline");
  }

  function follow(options) {
    var onLive = options.onLive;
    var following = null;
    // What the page shows is not in the log any more, nor maybe anywhere else: get the page again.
    options.onReset = function () {
      show("again");
      following.close(); // or the new log would be put below the old one meanwhile
      // Without a network the browser would put its own page in the place of this one.
      if (root.navigator.onLine) {
        root.location.reload();
      } else {
        root.addEventListener("online", function () {
          root.location.reload();
        });
      }
    };
    options.onState = stated();
    options.onLive = function (seq) {
      live();
      if (onLive) {
        onLive(seq);
      }
    };
    following = root.Streams.follow(options);
    return following;
  }

  function connect(options) {
    options.onState = stated();
    return root.Streams.connect(options);
  }

  function live() {
    if (shown !== "over" && shown !== "again") {
      show("live");
    }
  }

  function stated() {
    var before = false; // was it connected before?
    // A connection may take minutes to notice that the network is gone.
    root.addEventListener("offline", function () {
      if (shown !== "over" && shown !== "closed") {
        show("offline");
      }
    });
    return function (state) {
      if (shown === "over" || shown === "again") {
        return;
      }
      if (state === "open") {
        before = true;
        show("loading");
      } else if (state === "connecting") {
        show(before ? "reconnecting" : "connecting");
      } else if (state === "waiting") {
        lost();
      } else {
        show(state);
      }
    };
  }

  root.connection = { show: show, lost: lost, live: live, follow: follow, connect: connect };

  // A second click on a button that does something is a slip; and the page may come back from
  // the browser's memory with the button still off.
  root.document.addEventListener("submit", function (event) {
    if (event.target.hasAttribute("data-once")) {
      root.setTimeout(function () {
        setButtons(event.target, true);
      });
    }
  });
  root.addEventListener("pageshow", function (event) {
    if (event.persisted) {
      root.document.querySelectorAll("form[data-once]").forEach(function (form) {
        setButtons(form, false);
      });
    }
  });

  function setButtons(form, disabled) {
    form.querySelectorAll("button").forEach(function (button) {
      button.disabled = disabled;
    });
  }
})(this);
