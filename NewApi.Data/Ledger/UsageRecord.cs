using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace NewApi.Data.Ledger;

/// <summary>
/// Everything that one settled call changes in the database: the charge, where it comes from, and the row of the usage log. It is what
/// the journal keeps, so it is written and read in a binary form of its own: members in the order of <see cref="WriteTo"/>, integers as
/// LEB128, texts as UTF-8 behind their length.
/// </summary>
public sealed record UsageRecord
{
    private const byte Version = 2;
    private const byte BeforeSubscriptions = 1;

    public required string RequestId { get; init; }

    /// <summary>The lease whose escrow pays; filled in, like the shares below, by the hold that the charge ends.</summary>
    public string Lease { get; set; } = "";

    public required long UserId { get; init; }

    public required string Username { get; init; }

    public required long TokenId { get; init; }

    public required string TokenName { get; init; }

    public required long ChannelId { get; init; }

    /// <summary>The model as the caller named it: prices, limits and logs go by this name.</summary>
    public required string Model { get; init; }

    public required string Group { get; init; }

    /// <summary>The charge in quota points; never negative.</summary>
    public required long Points { get; init; }

    /// <summary>How much of the charge was paid from escrow on the wallet.</summary>
    public long WalletEscrow { get; set; }

    /// <summary>How much of the charge was paid from escrow on a limited key.</summary>
    public long KeyEscrow { get; set; }

    /// <summary>The part of the charge that no hold covered: debt if the balance cannot bear it.</summary>
    public long Excess { get; set; }

    /// <summary>The subscription that pays; 0 when the wallet pays alone.</summary>
    public long SubscriptionId { get; set; }

    /// <summary>The part of <see cref="Points"/> that the subscription pays; the wallet pays the rest.</summary>
    public long SubscriptionPoints { get; set; }

    /// <summary>How much was paid from escrow on the subscription.</summary>
    public long SubscriptionEscrow { get; set; }

    /// <summary>The budgets that the charge counts against.</summary>
    public IReadOnlyList<BudgetShare> Budgets { get; set; } = [];

    /// <summary>The part of what escrow should have paid that was no longer there; found when the record is applied.</summary>
    internal long Uncovered { get; set; }

    /// <summary>What of <see cref="Excess"/> and <see cref="Uncovered"/> the subscription bears; found when the record is applied.</summary>
    internal long SubscriptionExcess { get; set; }

    /// <summary>The part of the charge that was not set aside on the key; found when the record is applied.</summary>
    internal long KeyExcess { get; set; }

    public long PromptTokens { get; init; }

    public long CompletionTokens { get; init; }

    /// <summary>Wall time of the call in whole seconds.</summary>
    public long UseSeconds { get; init; }

    public bool IsStream { get; init; }

    /// <summary>The call counts as a request of the user and the channel; false when nothing was billable.</summary>
    public bool Counted { get; init; } = true;

    /// <summary>A row of the usage log is wanted.</summary>
    public bool Logged { get; init; } = true;

    /// <summary>Client address, only when the user asked for it to be recorded.</summary>
    public string Ip { get; init; } = "";

    /// <summary>Unix seconds of the settlement.</summary>
    public required long CreatedAt { get; init; }

    public string Content { get; init; } = "";

    /// <summary>The <c>other</c> member of the log row: JSON text (specification: billing §10).</summary>
    public string Other { get; set; } = "";

    /// <summary>Quota points that the call cost the operator; null where nobody knows.</summary>
    public long? Cost { get; init; }

    /// <summary>The unique key of this charge in the ledger.</summary>
    public string EntryKey => RequestId + ":consume";

    public void WriteTo(IBufferWriter<byte> output)
    {
        var size = 200 + Budgets.Count * 20 + Encoding.UTF8.GetMaxByteCount(RequestId.Length + Lease.Length + Username.Length + TokenName.Length
            + Model.Length + Group.Length + Ip.Length + Content.Length + Other.Length);
        var writer = new Writer(output.GetSpan(size));
        writer.Byte(Version);
        writer.Text(RequestId);
        writer.Text(Lease);
        writer.Number(UserId);
        writer.Text(Username);
        writer.Number(TokenId);
        writer.Text(TokenName);
        writer.Number(ChannelId);
        writer.Text(Model);
        writer.Text(Group);
        writer.Number(Points);
        writer.Number(WalletEscrow);
        writer.Number(KeyEscrow);
        writer.Number(Excess);
        writer.Number(PromptTokens);
        writer.Number(CompletionTokens);
        writer.Number(UseSeconds);
        writer.Byte((byte)((IsStream ? 1 : 0) | (Counted ? 2 : 0) | (Logged ? 4 : 0)));
        writer.Text(Ip);
        writer.Number(CreatedAt);
        writer.Text(Content);
        writer.Text(Other);
        writer.Number(SubscriptionId);
        writer.Number(SubscriptionPoints);
        writer.Number(SubscriptionEscrow);
        writer.Number(Budgets.Count);
        for (var i = 0; i < Budgets.Count; i++)
        {
            writer.Number(Budgets[i].Id);
            writer.Number(Budgets[i].Escrow);
        }
        if (Cost is { } cost)
        {
            // Last and only when known.
            writer.Number(cost);
        }
        output.Advance(writer.Written);
    }

    /// <exception cref="InvalidDataException">The bytes are not a record of this version.</exception>
    public static UsageRecord Read(ReadOnlySpan<byte> bytes)
    {
        var reader = new Reader(bytes);
        var version = reader.Byte();
        if (version is not (Version or BeforeSubscriptions))
        {
            throw new InvalidDataException("The usage record was written by another version.");
        }
        var record = new UsageRecord
        {
            RequestId = reader.Text(),
            Lease = reader.Text(),
            UserId = reader.Number(),
            Username = reader.Text(),
            TokenId = reader.Number(),
            TokenName = reader.Text(),
            ChannelId = reader.Number(),
            Model = reader.Text(),
            Group = reader.Text(),
            Points = reader.Number(),
            WalletEscrow = reader.Number(),
            KeyEscrow = reader.Number(),
            Excess = reader.Number(),
            PromptTokens = reader.Number(),
            CompletionTokens = reader.Number(),
            UseSeconds = reader.Number(),
            CreatedAt = 0,
        };
        var flags = reader.Byte();
        record = record with
        {
            IsStream = (flags & 1) != 0,
            Counted = (flags & 2) != 0,
            Logged = (flags & 4) != 0,
            Ip = reader.Text(),
            CreatedAt = reader.Number(),
            Content = reader.Text(),
            Other = reader.Text(),
        };
        if (version == Version)
        {
            record.SubscriptionId = reader.Number();
            record.SubscriptionPoints = reader.Number();
            record.SubscriptionEscrow = reader.Number();
            var budgets = reader.Number();
            if (budgets > 0)
            {
                var shares = new List<BudgetShare>();
                for (var i = 0; i < budgets; i++)
                {
                    shares.Add(new BudgetShare(reader.Number(), reader.Number()));
                }
                record.Budgets = shares;
            }
        }
        return reader.HasMore ? record with { Cost = reader.Number() } : record;
    }

    private ref struct Writer(Span<byte> space)
    {
        private readonly Span<byte> _space = space;

        public int Written { get; private set; }

        public void Byte(byte value) => _space[Written++] = value;

        public void Number(long value)
        {
            // Zigzag keeps small negative figures short.
            var rest = (ulong)((value << 1) ^ (value >> 63));
            while (rest >= 0x80)
            {
                _space[Written++] = (byte)(rest | 0x80);
                rest >>= 7;
            }
            _space[Written++] = (byte)rest;
        }

        public void Text(string value)
        {
            var length = Encoding.UTF8.GetBytes(value, _space[(Written + sizeof(int))..]);
            BinaryPrimitives.WriteInt32LittleEndian(_space[Written..], length);
            Written += sizeof(int) + length;
        }
    }

    private ref struct Reader(ReadOnlySpan<byte> bytes)
    {
        private ReadOnlySpan<byte> _rest = bytes;

        public readonly bool HasMore => !_rest.IsEmpty;

        public byte Byte()
        {
            if (_rest.IsEmpty)
            {
                throw new InvalidDataException("The usage record is cut short.");
            }
            var value = _rest[0];
            _rest = _rest[1..];
            return value;
        }

        public long Number()
        {
            var value = 0UL;
            for (var shift = 0; shift < 70; shift += 7)
            {
                var part = Byte();
                value |= (ulong)(part & 0x7F) << shift;
                if (part < 0x80)
                {
                    return (long)(value >> 1) ^ -(long)(value & 1);
                }
            }
            throw new InvalidDataException("A number of the usage record is too long.");
        }

        public string Text()
        {
            if (_rest.Length < sizeof(int))
            {
                throw new InvalidDataException("The usage record is cut short.");
            }
            var length = BinaryPrimitives.ReadInt32LittleEndian(_rest);
            if (length < 0 || length > _rest.Length - sizeof(int))
            {
                throw new InvalidDataException("The usage record is cut short.");
            }
            var text = Encoding.UTF8.GetString(_rest.Slice(sizeof(int), length));
            _rest = _rest[(sizeof(int) + length)..];
            return text;
        }
    }
}

/// <summary>A budget that a charge counts against, and how much of the charge was set aside on it beforehand.</summary>
public readonly record struct BudgetShare(long Id, long Escrow);
