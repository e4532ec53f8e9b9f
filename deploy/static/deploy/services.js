// The list of services: whatever changes a deployment's state refreshes it. All services of the page
// are followed on one socket; what it is refused for is looked for now and then.
(function (root) {
  "use strict";

  var SOON = 200; // what changes together is shown together
  var OFTEN = 10000;
  var main = root.document.getElementById("main");
  var followed = Object.create(null);
  var timer = null;
  var often = null;
  var live = null;

  function refresh() {
    root.clearTimeout(timer);
    timer = root.setTimeout(root.refreshPage, SOON);
  }

  function refused(code) {
    if (code === "too-many" && often === null) {
      often = root.setInterval(root.refreshPage, OFTEN);
    } else if (code === "denied") {
      refresh(); // without it
    }
  }

  function follow(card) {
    var name = card.dataset.stream;
    if (!followed[name]) {
      live = live || root.connection.connect({ url: main.dataset.socket });
      followed[name] = live.subscribe(name, {
        since: Number(card.dataset.since),
        epoch: card.dataset.epoch,
        onLive: root.connection.live,
        onEntries: refresh,
        onGap: refresh,
        onReset: refresh,
        onError: refused,
      });
    }
  }

  function look() {
    var shown = Object.create(null);
    root.document.querySelectorAll("[data-stream]").forEach(function (card) {
      shown[card.dataset.stream] = true;
      follow(card);
    });
    Object.keys(followed).forEach(function (name) {
      if (!shown[name]) {
        followed[name].close();
        delete followed[name];
      }
    });
  }

  root.document.addEventListener("refreshed", look);
  look();
})(this);
