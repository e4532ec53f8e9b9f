// refreshPage(): replaces #fresh by what the server would show now, so that the server alone
// decides what a table looks like. data-refresh-seconds on <main>: also while the page is in sight.
(function (root) {
  "use strict";

  var running = false;
  var again = false;

  root.refreshPage = function () {
    if (running) {
      again = true;
      return;
    }
    running = true;
    root
      .fetch(root.location.href, { credentials: "same-origin" })
      .then(function (response) {
        return response.ok ? response.text() : "";
      })
      .then(replace)
      .catch(function () {}) // offline: what is shown stays
      .then(function () {
        running = false;
        if (again) {
          again = false;
          root.refreshPage();
        }
      });
  };

  function replace(html) {
    var fresh = new DOMParser().parseFromString(html, "text/html").getElementById("fresh");
    var shown = root.document.getElementById("fresh");
    // Without it the answer is another page, such as the login form.
    if (fresh && fresh.innerHTML !== shown.innerHTML) {
      var focused = root.document.activeElement;
      var address = shown.contains(focused) ? focused.getAttribute("href") : null;
      shown.replaceWith(root.document.importNode(fresh, true));
      var link = address && root.document.querySelector('#fresh a[href="' + address + '"]');
      if (link) {
        link.focus();
      }
      root.document.dispatchEvent(new Event("refreshed"));
    }
  }

  var seconds = Number(root.document.getElementById("main").dataset.refreshSeconds || 0);
  if (seconds) {
    root.setInterval(function () {
      if (!root.document.hidden) {
        root.refreshPage();
      }
    }, seconds * 1000);
    root.document.addEventListener("visibilitychange", function () {
      if (!root.document.hidden) {
        root.refreshPage();
      }
    });
  }
})(this);
