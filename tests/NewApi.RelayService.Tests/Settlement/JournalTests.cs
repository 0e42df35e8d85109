using System.Buffers;
using CsCheck;
using NewApi.Data.Ledger;
using NewApi.RelayService.Settlement;

namespace NewApi.RelayService.Tests.Settlement;

/// <summary>What a killed process leaves behind, and what the next one makes of it.</summary>
public sealed class JournalTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("newapi-journal-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void What_was_appended_is_left_for_the_next_process()
    {
        Crash(journal =>
        {
            journal.Append(JournalMark.Settled, Record("a", 1), null);
            var segment = journal.Append(JournalMark.Delivering, Record("b", 2), null);
            journal.Append(JournalMark.Delivering, Record("b", 3), segment);
            var dropped = journal.Append(JournalMark.Delivering, Record("c", 4), null);
            journal.Append(JournalMark.Dropped, Record("c", 4), dropped);
            var settled = journal.Append(JournalMark.Delivering, Record("d", 5), null);
            journal.Append(JournalMark.Settled, Record("d", 6), settled);
        });

        Assert.Equal([("a", 1L), ("b", 3L), ("d", 6L)], Left());
    }

    [Fact]
    public void What_was_applied_is_forgotten()
    {
        using (var journal = Journal.Open(_folder.FullName))
        {
            journal.Done(journal.Append(JournalMark.Settled, Record("a", 1), null));
        }

        Assert.Empty(Left());
        Assert.Empty(_folder.GetFiles("journal-*.log"));
    }

    [Fact]
    public void What_was_left_stays_until_it_has_been_applied()
    {
        Crash(journal => journal.Append(JournalMark.Settled, Record("a", 1), null));

        Assert.Single(Left());
        Assert.Single(Left());
        using (var journal = Journal.Open(_folder.FullName))
        {
            journal.ForgetLeft();
        }
        Assert.Empty(Left());
    }

    [Fact]
    public void What_was_parked_keeps_no_other_file_and_is_left_until_it_has_been_applied()
    {
        for (var start = 0; start < 3; start++)
        {
            using var journal = Journal.Open(_folder.FullName);
            Assert.Equal(start == 0 ? [] : ["refused"], journal.Left.Select(record => record.RequestId));
            var segment = start == 0 ? journal.Append(JournalMark.Settled, Record("refused", 1), null) : null;
            journal.Park(Record("refused", 1));
            if (segment is not null)
            {
                journal.Done(segment);
            }
            journal.ForgetLeft();
        }
        Assert.StartsWith("parked-", Assert.Single(_folder.GetFiles("*.log")).Name);

        using (var journal = Journal.Open(_folder.FullName))
        {
            journal.Park(journal.Left.Single());
            journal.Park(Record("again", 2));
            journal.ForgetLeft();
            journal.Unpark();
            Assert.Equal(2, _folder.GetFiles("*.log").Length);
            journal.Unpark();
        }
        Assert.Empty(_folder.GetFiles("*.log"));
    }

    [Fact]
    public void An_entry_that_was_cut_short_at_any_byte_costs_only_itself()
    {
        Crash(journal =>
        {
            journal.Append(JournalMark.Settled, Record("whole", 1), null);
            journal.Append(JournalMark.Settled, Record("torn", 2), null);
        });
        var file = _folder.GetFiles("journal-*.log").Single().FullName;
        var bytes = File.ReadAllBytes(file);
        var second = bytes.AsSpan().LastIndexOf("torn"u8) - 14;
        Assert.True(second > 0);

        for (var length = second; length < bytes.Length; length++)
        {
            File.WriteAllBytes(file, bytes[..length]);
            Assert.Equal([("whole", 1L)], Left());
        }
    }

    [Fact]
    public void A_second_process_cannot_open_the_same_journal()
    {
        using var first = Journal.Open(_folder.FullName);

        Assert.ThrowsAny<IOException>(() => Journal.Open(_folder.FullName));
    }

    [Fact]
    public void A_journal_keeps_its_name()
    {
        string name;
        using (var journal = Journal.Open(_folder.FullName))
        {
            name = journal.Id;
        }
        using var again = Journal.Open(_folder.FullName);
        Assert.Equal(name, again.Id);
    }

    [Fact]
    public void A_full_file_makes_room_and_goes_when_its_calls_are_done()
    {
        using var journal = Journal.Open(_folder.FullName);
        var big = Record("big", 1) with { Other = new string('x', 1 << 20) };
        var segments = Enumerable.Range(0, 40).Select(_ => journal.Append(JournalMark.Settled, big, null)).ToList();
        Assert.True(_folder.GetFiles("journal-*.log").Length > 1);

        segments.ForEach(journal.Done);

        Assert.Single(_folder.GetFiles("journal-*.log"));
    }

    [Fact]
    public void A_record_comes_back_as_it_was_written()
    {
        Gen.Select(Gen.String, Gen.String, Gen.Long, Gen.Long, Gen.Bool, Gen.Bool).Sample((id, other, points, user, stream, counted) =>
        {
            var record = Record(id, points) with { Other = other, UserId = user, IsStream = stream, Counted = counted, Excess = -points, SubscriptionId = user, SubscriptionPoints = points };
            // UTF-16 that is no text cannot be kept as UTF-8.
            if (!IsText(id) || !IsText(other))
            {
                return true;
            }
            var output = new ArrayBufferWriter<byte>();
            record.WriteTo(output);
            return UsageRecord.Read(output.WrittenSpan) == record;
        });
    }

    private static bool IsText(string text)
    {
        try
        {
            return new System.Text.UTF8Encoding(false, throwOnInvalidBytes: true).GetByteCount(text) >= 0;
        }
        catch (System.Text.EncoderFallbackException)
        {
            return false;
        }
    }

    /// <summary>Writes as a process would that is killed afterwards: the lock goes with it, the files stay as they are.</summary>
    private void Crash(Action<Journal> write)
    {
        var living = Directory.CreateTempSubdirectory("newapi-journal-living-");
        using (var journal = Journal.Open(living.FullName))
        {
            write(journal);
            foreach (var file in living.GetFiles("journal-*.log"))
            {
                file.CopyTo(Path.Combine(_folder.FullName, file.Name));
            }
        }
        living.Delete(recursive: true);
    }

    private List<(string Id, long Points)> Left()
    {
        using var journal = Journal.Open(_folder.FullName);
        return [.. journal.Left.Select(record => (record.RequestId, record.Points))];
    }

    private static UsageRecord Record(string id, long points) => new()
    {
        RequestId = id,
        Lease = "relay/x",
        UserId = 1,
        Username = "u",
        TokenId = 1,
        TokenName = "t",
        ChannelId = 1,
        Model = "m",
        Group = "g",
        Points = points,
        CreatedAt = 1,
    };
}
