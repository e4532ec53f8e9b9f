// The log panel: lines of a screen as elements, appended a frame at a time.
//
//   var panel = new LogPanel(element, {limit: lines kept, onTrim: function () {}});
//   panel.replace();   panel.feed(text, stamp);   panel.follow(true);   panel.toEnd();   panel.onFollow = function (on) {}
(function (root) {
  "use strict";

  var BLOCK = 200; // lines in one element that the browser may skip while it is out of sight
  var PER_FRAME = 2000; // lines appended at once; more would be felt
  var SLACK = 24; // pixels from the end that still count as the end

  function LogPanel(element, options) {
    options = options || {};
    this.element = element;
    this.limit = options.limit || 100000;
    this.onTrim = options.onTrim || function () {};
    this.onFollow = function () {};
    this.screen = new root.Ansi.Screen();
    this.queue = [];
    this.block = null;
    this.count = 0;
    this.current = null; // the element of the unfinished line
    this.following = true;
    this.scheduled = false;
    this.replacing = false;
    this.top = 0;
    this.ours = null; // where we scrolled to ourselves
    element.addEventListener("scroll", this.scrolled.bind(this), { passive: true });
    if (root.ResizeObserver) {
      new ResizeObserver(this.keepUp.bind(this)).observe(element);
    }
  }

  // What is shown goes when the next lines are drawn, and not before: an empty panel would flash.
  LogPanel.prototype.replace = function () {
    this.replacing = true;
  };

  LogPanel.prototype.feed = function (text, stamp) {
    this.queue.push([text, stamp]);
    this.schedule();
  };

  LogPanel.prototype.schedule = function () {
    if (this.scheduled) {
      return;
    }
    this.scheduled = true;
    var flush = this.flush.bind(this);
    // A hidden page gets no animation frames, and its log should not pile up meanwhile.
    if (root.document.hidden) {
      root.setTimeout(flush, 500);
    } else {
      root.requestAnimationFrame(flush);
    }
  };

  LogPanel.prototype.flush = function () {
    this.scheduled = false;
    var taken = 0;
    while (taken < this.queue.length && this.screen.lines.length < PER_FRAME) {
      this.screen.feed(this.queue[taken][0], this.queue[taken][1]);
      taken += 1;
    }
    this.queue.splice(0, taken);
    this.append(this.screen.take());
    if (this.queue.length) {
      this.schedule();
    }
  };

  LogPanel.prototype.append = function (news) {
    var i = 0;
    if (this.replacing) {
      this.replacing = false;
      this.element.textContent = "";
      this.block = this.current = null;
      this.count = 0;
    }
    if (this.current && news.lines.length) {
      this.fill(this.current, news.lines[0], true);
      this.current = null;
      i = 1;
    }
    for (; i < news.lines.length; i++) {
      this.fill(this.addLine(), news.lines[i], true);
    }
    if (news.current) {
      this.current = this.current || this.addLine();
      this.fill(this.current, news.current, false);
    } else if (this.current) {
      this.current.textContent = "";
    }
    this.trim();
    this.keepUp();
  };

  LogPanel.prototype.addLine = function () {
    if (!this.block || this.block.childNodes.length >= BLOCK) {
      this.block = root.document.createElement("div");
      this.block.className = "block";
      this.element.appendChild(this.block);
    }
    var line = root.document.createElement("div");
    line.className = "line";
    this.block.appendChild(line);
    this.count += 1;
    return line;
  };

  LogPanel.prototype.fill = function (element, line, ended) {
    element.textContent = "";
    line.runs.forEach(function (run) {
      element.appendChild(render(run));
    });
    if (line.cut) {
      element.classList.add("cut");
    } else if (ended) {
      // So that what is selected and copied is the log.
      element.appendChild(root.document.createTextNode("\n"));
    }
    if (line.stamp !== null && !element.hasAttribute("data-time")) {
      element.setAttribute("data-time", clock(line.stamp));
    }
  };

  LogPanel.prototype.trim = function () {
    var trimmed = false;
    while (this.count > this.limit && this.element.firstChild !== this.block) {
      this.count -= this.element.firstChild.childNodes.length;
      this.element.removeChild(this.element.firstChild);
      trimmed = true;
    }
    if (trimmed) {
      this.onTrim();
    }
  };

  LogPanel.prototype.keepUp = function () {
    if (this.following) {
      this.element.scrollTop = this.element.scrollHeight;
      this.top = this.ours = this.element.scrollTop;
    }
  };

  // Upwards: somebody wants to read. Down to the end: they want to go on.
  LogPanel.prototype.scrolled = function () {
    var element = this.element;
    var moved = element.scrollTop - this.top;
    this.top = element.scrollTop;
    if (this.top === this.ours) {
      return; // the event of a scroll that was ours
    }
    this.ours = null;
    var atEnd = element.scrollHeight - element.clientHeight - this.top <= SLACK;
    if (this.following && moved < 0 && !atEnd) {
      this.follow(false);
    } else if (!this.following && moved > 0 && atEnd) {
      this.follow(true);
    }
  };

  LogPanel.prototype.follow = function (on) {
    if (this.following !== on) {
      this.following = on;
      this.onFollow(on);
    }
    this.keepUp();
  };

  LogPanel.prototype.toEnd = function () {
    this.follow(true);
  };

  var FLAGS = ["bold", "dim", "italic", "underline", "inverse", "hidden", "strike"];

  // Text only ever becomes text; styles are class names of ours or colours made of checked numbers.
  function render(run) {
    if (run.style === root.Ansi.PLAIN) {
      return root.document.createTextNode(run.text);
    }
    var span = root.document.createElement("span");
    var style = run.style;
    var classes = FLAGS.filter(function (flag) {
      return style[flag];
    });
    paint(span, classes, style.color, "fg-", style.inverse ? "backgroundColor" : "color");
    paint(span, classes, style.background, "bg-", style.inverse ? "color" : "backgroundColor");
    span.className = classes.join(" ");
    span.textContent = run.text;
    return span;
  }

  function paint(span, classes, colour, prefix, property) {
    if (typeof colour === "number") {
      classes.push(prefix + colour);
    } else if (colour) {
      span.style[property] = colour;
    }
  }

  function clock(stamp) {
    var date = new Date(stamp);
    return [date.getHours(), date.getMinutes(), date.getSeconds()].map(function (part) {
      return (part < 10 ? "0" : "") + part;
    }).join(":");
  }

  root.LogPanel = LogPanel;
})(this);
