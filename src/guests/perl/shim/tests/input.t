use strict;
use warnings;
use FindBin ();
use lib $FindBin::Bin;
use Host;
use Test::More;
use TSGI::Guest::Wire qw(BODY BODY_STREAM END_FLAG FAIL GONE LOG RESPONSE);

# What an application makes of a body that comes in these pieces: what it returns, and the frames that it sent.
sub reading {
    my ($read, @pieces) = @_;
    my ($host, @got);
    my @frames = answered(
        sub {
            $host->say(BODY, '', $pieces[$_], flags => $_ == $#pieces ? END_FLAG : 0) for 0 .. $#pieces;
            @got = $read->($_[0]{'psgi.input'}, $_[0]);
            return [ 200, [], ['done'] ];
        },
        flags   => BODY_STREAM,
        prepare => sub { $host = $_[0] },
    );
    return (\@got, map { $_->{type} == TSGI::Guest::Wire::READ() ? unpack 'V', $_->{body} : () } @frames);
}

is_deeply [ reading(sub { my $count = read $_[0], my ($piece), 10_000; ($count, length $piece) }, 'x' x 10_000) ], [ [ 10_000, 10_000 ], 10_000 ],
    'read asks for as much as is missing';
is_deeply [ reading(sub { map { $_[0]->read(my $piece, $_); $piece } 1, 2 }, 'abcdef') ], [ [qw(a bc)], 8192 ], 'few bytes are asked for in larger pieces';
is_deeply +(reading(sub { my $piece = 'keep'; read $_[0], $piece, 2, 6; $piece }, 'abc'))[0], ["keep\0\0ab"], 'an offset behind the end is filled up';
is_deeply +(reading(sub { my $piece = 'keep'; read $_[0], $piece, 2, -2; $piece }, 'abc'))[0], ['keab'], 'a negative one counts from the end';
is_deeply +(reading(sub { my @lines = readline $_[0]; @lines }, 'on', "e\ntwo\n", "\nthr", 'ee'))[0], [ "one\n", "two\n", "\n", 'three' ], 'lines go across pieces';
is_deeply +(reading(sub { local $/ = undef; $_[0]->getline }, "a\n", "b\n"))[0], ["a\nb\n"], 'without a separator everything is one line';
is_deeply +(reading(sub { local $/ = \3; my @blocks = $_[0]->getlines; @blocks }, 'ab', 'cdefg'))[0], [qw(abc def g)], 'lines may be blocks';
is_deeply +(reading(sub { local $/ = '--'; my @lines = readline $_[0]; @lines }, 'a-', '-b--', 'c'))[0], [qw(a-- b-- c)], 'a separator may be split';
is_deeply +(reading(sub { (eof $_[0] ? 1 : 0, getc $_[0], eof $_[0] ? 1 : 0) }, 'a', ''))[0], [ 0, 'a', 1 ], 'the end is known when it is asked for';
is_deeply +(reading(sub { my ($env) = $_[1]; !!$env->{'psgix.input.buffered'} }, ''))[0], [ !!0 ], 'it says that it cannot be read again';

my $host;
my @frames = answered(
    sub { $host->say(BODY, '', '', flags => GONE); read $_[0]{'psgi.input'}, my ($piece), 1; [ 200, [], [] ] },
    flags   => BODY_STREAM,
    prepare => sub { $host = $_[0] },
);
is_deeply [ $frames[-1]{type}, $frames[-1]{flags} ], [ FAIL, GONE | END_FLAG ], 'a client that has left is told apart from the end';

my $kept;
answered(sub { $kept = $_[0]{'psgi.input'}; [ 200, [], [] ] }, flags => BODY_STREAM);
ok !eval { read $kept, my ($piece), 1; 1 }, 'an input of a request that is over is not asked for';

# What is written to psgi.errors.
sub logged {
    my ($write) = @_;
    return [ map { $_->{type} == LOG ? $_->{body} : () } answered(sub { $write->($_[0]{'psgi.errors'}); [ 200, [], [] ] }) ];
}

is_deeply logged(sub { my $errors = $_[0]; print $errors 'a', 'b'; printf $errors '%03d', 7; $errors->print('c'); $errors->say('d'); $errors->write('efg', 1, 1) }),
    [ 'ab', '007', 'c', "d\n", 'f' ], 'each way to write goes to the log';
is_deeply logged(sub { local ($,, $\) = ('-', "!\n"); print { $_[0] } 1, 2 }), ["1-2!\n"], 'with what Perl puts between and behind';
is_deeply logged(sub { $_[0]->print("\x{20ac}\xe9") }), ["\xe2\x82\xac\xc3\xa9"], 'in UTF-8';
is_deeply logged(sub { $_[0]->flush; $_[0]->autoflush(1); binmode $_[0]; close $_[0]; $_[0]->print('on') }), ['on'], 'it cannot be closed';

done_testing;
