#!/usr/bin/perl
# A client of many streams on one socket, written from docs/reference/protocol.md alone.
#
#   follow.pl PORT_FILE PATH NAME[=CURSOR]...
#
# PORT_FILE has the port on 127.0.0.1, and is read anew for each connection. It prints a line for
# whatever is told: "NAME NUMBER BODY", "NAME live NUMBER", "NAME reset", "NAME gap OLDEST",
# "NAME error CODE", "connected", "closed CODE", and ends with a final code.
use strict;
use warnings;
use Digest::SHA qw(sha1_base64);
use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use MIME::Base64 qw(encode_base64);
use Time::HiRes qw(time sleep);

my ($port_file, $path, @names) = @ARGV;
my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my (%number, %epoch);
for (@names) {
    my ($name, $cursor) = split /=/, $_, 2;
    $number{$name} = 0;
    $cursor = 0 unless defined $cursor;
    ($epoch{$name}, $number{$name}) = $cursor =~ /^(.+):(\w+)$/ ? ($1, $2) : ("", $cursor);
}
$| = 1;
binmode STDOUT, ":raw";

my $failures = 0;
while (1) {
    my $opened = time;
    my $code = eval { connection() };
    print STDERR $@ if $@ and $ENV{FOLLOW_DEBUG};
    $code = 1006 unless defined $code;
    print "closed $code\n";
    exit if ($code >= 3500 and $code <= 3999) or ($code >= 4500 and $code <= 4999);
    $failures = time - $opened > 5 ? 0 : $failures + 1;
    my $pause = 2 ** ($failures > 0 ? $failures - 1 : 0);
    sleep(($pause < 30 ? $pause : 30) * (0.5 + rand() / 2));
}

# Lasts as long as one connection does; returns its close code.
sub connection {
    open my $file, "<", $port_file or die "$port_file: $!";
    chomp(my $port = <$file>);
    my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port, Timeout => 15)
        or die "no connection: $@";
    my $state = {socket => $socket, buffer => "", patience => 15};
    my $key = encode_base64(join("", map { chr int rand 256 } 1 .. 16), "");
    print {$socket} join "\r\n", "GET $path HTTP/1.1", "Host: 127.0.0.1:$port",
        "Origin: http://127.0.0.1:$port", "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Key: $key", "Sec-WebSocket-Version: 13", "", "";
    my $head = "";
    $head .= take($state, 1) while $head !~ /\r\n\r\n/;
    my $accept = sha1_base64($key . "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    die "refused: $head" unless $head =~ m{^HTTP/1.1 101 } and $head =~ /\Q$accept\E/;
    $state->{patience} = 60;
    print "connected\n";
    my %cursors = map { $_ => $epoch{$_} ne "" ? "$epoch{$_}:$number{$_}" : $number{$_} } keys %number;
    # A number is one in JSON, too.
    $cursors{$_} =~ /^\d+$/ and $cursors{$_} += 0 for keys %cursors;
    put($state, 1, $json->encode({type => "subscribe", streams => \%cursors}));
    while (1) {
        my ($opcode, $data) = message($state);
        return length $data < 2 ? 1005 : unpack "n", $data if $opcode == 8;
        put($state, 10, $data) if $opcode == 9;
        told($state, $json->decode($data)) if $opcode == 1;
    }
}

# One frame from the server.
sub told {
    my ($state, $frame) = @_;
    my $type = $frame->{type} || "";
    $state->{patience} = 2 * $frame->{beat} if $type eq "hello" and $frame->{beat};
    my $name = $frame->{stream};
    return unless defined $name and exists $number{$name};
    $epoch{$name} = $frame->{epoch} if $frame->{epoch};
    my $shown = $name;
    utf8::encode($shown);
    if ($type eq "entries") {
        my $first = $frame->{first};
        for my $body (@{$frame->{bodies}}) {
            if ($number{$name} eq "latest" or $first > $number{$name}) {
                print "$shown $first ", $json->encode($body), "\n";
                $number{$name} = $first;
            }
            $first += 1;
        }
    } elsif ($type eq "live") {
        $number{$name} = $frame->{seq};
        print "$shown live $frame->{seq}\n";
    } elsif ($type eq "reset") {
        $number{$name} = 0;
        $epoch{$name} = $frame->{epoch} || "";
        print "$shown reset\n";
    } elsif ($type eq "gap") {
        $number{$name} = $frame->{oldest} - 1;
        print "$shown gap $frame->{oldest}\n";
    } elsif ($type eq "error") {
        delete $number{$name};
        print "$shown error $frame->{code}\n";
    }
}

# RFC 6455: a whole message, of one frame or several.
sub message {
    my ($state) = @_;
    my ($whole, $kind) = ("", 0);
    while (1) {
        my ($first, $second) = unpack "CC", take($state, 2);
        my ($opcode, $length) = ($first & 15, $second & 127);
        $length = unpack "n", take($state, 2) if $length == 126;
        $length = unpack "Q>", take($state, 8) if $length == 127;
        my $data = take($state, $length);
        return ($opcode, $data) if $opcode >= 8;
        $kind = $opcode if $opcode;
        $whole .= $data;
        return ($kind, $whole) if $first & 128;
    }
}

sub put {
    my ($state, $opcode, $data) = @_;
    my $length = length $data;
    my $size = $length < 126 ? pack "C", 128 | $length
        : $length < 65536 ? pack "Cn", 254, $length : pack "CQ>", 255, $length;
    my $mask = join "", map { chr int rand 256 } 1 .. 4;
    my $masked = $data ^ substr $mask x ($length / 4 + 1), 0, $length;
    print {$state->{socket}} pack("C", 128 | $opcode), $size, $mask, $masked;
    $state->{socket}->flush;
}

# So many bytes; dies if the server is silent for too long.
sub take {
    my ($state, $count) = @_;
    my $select = IO::Select->new($state->{socket});
    while (length $state->{buffer} < $count) {
        $select->can_read($state->{patience}) or die "silent\n";
        my $got = sysread $state->{socket}, $state->{buffer}, 65536, length $state->{buffer};
        die "gone\n" unless $got;
    }
    return substr $state->{buffer}, 0, $count, "";
}
