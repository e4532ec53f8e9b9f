// The page of a service: whatever changes a deployment's state refreshes the history.
(function (root) {
  "use strict";

  var main = root.document.getElementById("main");

  root.connection.follow({
    url: main.dataset.socket,
    since: Number(main.dataset.since),
    epoch: main.dataset.epoch,
    onGap: root.refreshPage,
    onEntries: function (first, bodies) {
      if (bodies.some(root.Entries.isState)) {
        root.refreshPage();
      }
    },
  });
})(this);
