// Messages sent to the group of /ws/deploy/tasks/, as they come.
(function (root) {
  "use strict";

  var box = root.document.getElementById("deploy-res");
  var path = root.document.getElementById("main").dataset.socket;
  var scheme = root.location.protocol === "https:" ? "wss://" : "ws://";
  var pause = 1000;

  function connect() {
    root.connection.show("connecting");
    var socket = new WebSocket(scheme + root.location.host + path);
    socket.onopen = function () {
      pause = 1000;
      root.connection.show("live");
    };
    socket.onmessage = function (event) {
      var message = JSON.parse(event.data).message;
      if (typeof message === "string") {
        show(message);
      }
    };
    socket.onclose = function (event) {
      if (root.Streams.isFinal(event.code)) {
        root.connection.show("closed");
        return;
      }
      root.connection.lost();
      root.setTimeout(connect, pause * (0.5 + Math.random()));
      pause = Math.min(2 * pause, 30000);
    };
  }

  function show(message) {
    var atEnd = box.scrollHeight - box.clientHeight - box.scrollTop < 24;
    var line = root.document.createElement("div");
    line.className = "line";
    line.textContent = message + "\n";
    box.appendChild(line);
    while (box.childNodes.length > 10000) {
      box.removeChild(box.firstChild);
    }
    if (atEnd) {
      box.scrollTop = box.scrollHeight;
    }
  }

  connect();
})(this);
