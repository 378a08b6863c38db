use strict;
use warnings;
use FindBin ();
use lib $FindBin::Bin;
use File::Temp ();
use Host;
use Test::More;

# With memory that is written to, with the system's calls, and with those that every Perl has.
for my $calls ('mapped, some', 'some', 'no') {
    my $host   = Host->new;
    my $status = $host->{lane}{status};
    delete $status->{memory} if $calls ne 'mapped, some';
    if ($calls eq 'no') {
        $status->{pwrite} = 0;
        delete @$status{qw(address memory at_aborted at_recalled)};
    }
    is_deeply [ map { $host->word($_) } STARTED, KEPT, RECALLED ], [ 0, 0, 0 ], "$calls calls: a place begins with nothing started, kept or recalled";

    my $start = $status->starter;
    $start->(0xfedc_ba98);
    is $host->word(STARTED), 0xfedc_ba98, "$calls calls: TSGI reads what is started";
    $host->write_word(ABORTED,  7);
    $host->write_word(RECALLED, 9);
    ok $status->is_unwanted(7) && !$status->is_unwanted(8), "$calls calls: what nobody wants is read";
    is $start->(10), 9, "$calls calls: what is recalled is read";

    ok $status->keep('first') && $status->keep('second'), "$calls calls: answers are kept";
    is $host->kept, 'firstsecond', "$calls calls: one after another";
    $status->forget;
    is $host->kept, '', "$calls calls: and forgotten";
    $host->write_word(RECALLED, 9);
    my $room = ANSWER_BYTES - 4;
    ok $status->keep('a' x ($room - 1)) && !$status->keep('bb') && $status->keep('b'), "$calls calls: an answer that does not fit is not kept";
    is $host->kept, 'a' x ($room - 1) . 'b', "$calls calls: what fits is";
    is $host->word(RECALLED), 9, "$calls calls: nothing behind it is written over";
}

subtest 'lanes do not overlap, wherever a page ends' => sub {
    my ($slots, $bytes) = (5, 3000);
    my $file = File::Temp->new;
    syswrite $file, "\0" x ($slots * (12 + $bytes));
    for my $slot (0 .. $slots - 1) {
        my $status = TSGI::Guest::StatusFile->new($file->filename, $slots, $bytes);
        $status->take($slot);
        $status->starter->($slot + 1);
        $status->keep(chr(65 + $slot) x 1000) for 1, 2;
    }
    open my $reading, '<:raw', $file->filename or die;
    my $all = do { local $/ = undef; readline $reading };
    is_deeply [ unpack 'L5', $all ], [ 1 .. 5 ], 'started';
    is substr($all, 40 + $_ * $bytes, 2004), pack('L', 2000) . chr(65 + $_) x 2000, "answers of $_" for 0 .. $slots - 1;
};

done_testing;
