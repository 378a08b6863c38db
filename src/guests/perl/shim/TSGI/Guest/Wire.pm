# What both sides of a socket agree on: frames, their types and flags, values that JSON lacks. Source: docs/lane-protocol.md.
package TSGI::Guest::Wire;
use strict;
use warnings;

use Exporter 'import';
use JSON::PP ();

our %CODES;

BEGIN {
    %CODES = (
        PROTOCOL_VERSION => 1,
        HEADER_BYTES     => 16,
        # Types towards the guest: on a lane, on the control channel.
        REQUEST => 1, BODY => 2, TAKEN => 3, ANSWER => 4, PIECE => 5, ASK => 6, FAILED => 7, KEYS => 8, REFRESH => 9,
        STOP => 32, FORK => 33, LIST_MODULES => 34,
        # Types from the guest: on a lane, on the control channel.
        HELLO => 64, RESPONSE => 65, CHUNK => 66, FAIL => 67, LOG => 68, READ => 69, RETURNED => 70, HINTS => 71, FILE => 72,
        CALL => 73, PULL => 74, GIVE => 75, DROP => 76, FREE => 77,
        READY => 96, BROKEN => 97, EXITED => 98, MODULES => 99,
        # Flags.
        END_FLAG => 1, HAS_UPGRADE => 1, BODY_FILE => 2, BODY_STREAM => 4, HAS_JSON => 8, HAS_HINTS => 16, HAS_INNER => 32, KEYED => 128,
        GONE => 2, RETIRE => 4,
        # What TSGI takes at most: a head, and a frame that is no part of a body.
        MAX_HEAD_BYTES  => 1_048_576,
        MAX_FRAME_BYTES => 16_777_216,
        # A piece of a body that is pulled.
        PIECE_BYTES => 262_144,
    );
}

use constant \%CODES;

our @EXPORT = (keys %CODES, qw(frame decode_json_text encode_json_text));

my $json = JSON::PP->new->utf8->allow_nonref->canonical;

# A frame of a type for a request: with the bytes of its head and of its body, its flags and its number.
sub frame {
    my ($type, $id, $head, $body, $flags, $aux) = @_;
    return pack('VVVCCv', length($head) + length($body), $id, length($head), $type, $flags // 0, $aux // 0) . $head . $body;
}

# A value from JSON in UTF-8 bytes. Numbers, texts and lists are Perl's own; what JSON lacks arrives as tagged objects.
sub decode_json_text {
    my ($bytes) = @_;
    return untagged($json->decode($bytes));
}

# JSON in UTF-8 bytes.
sub encode_json_text {
    my ($value) = @_;
    return $json->encode($value);
}

# The value that a tagged object stands for, at any depth. A large whole number stays a text of digits where Perl's numbers end.
sub untagged {
    my ($value) = @_;
    if (ref $value eq 'ARRAY') {
        $_ = untagged($_) for @$value;
    }
    elsif (ref $value eq 'HASH') {
        if (keys %$value == 1) {
            return from_base64($value->{'tsgi:bytes'}) if exists $value->{'tsgi:bytes'};
            return $value->{'tsgi:int'} if exists $value->{'tsgi:int'};
            return $value->{'tsgi:datetime'} if exists $value->{'tsgi:datetime'};
        }
        $_ = untagged($_) for values %$value;
    }
    return $value;
}

sub from_base64 {
    my ($text) = @_;
    require MIME::Base64;
    return MIME::Base64::decode_base64($text);
}

1;
