using System.Buffers;
using System.Buffers.Text;
using NewApi.Domain.Tokens;
using NewApi.Protocols;

namespace NewApi.RelayService.Metering;

/// <summary>
/// Adds up the tokens of one text and of the pictures in it: exactly for models whose vendor has published a tokenizer, within the budget
/// of <see cref="TokenCounter"/>, estimated for all others.
/// </summary>
internal sealed class TokenTally(string model, TokenCounter counter) : TextTally
{
    private const int PerName = 3;

    private readonly bool _exact = TokenCounter.HasTokenizer(model);
    private TokenEstimate _estimate = TokenEstimate.For(model);
    private long _counted;
    private int _budget = TokenCounter.TokenizedBytes;
    private int _width;
    private int _height;
    private bool _low;

    public long Total => _counted + _estimate.Total;

    /// <summary>Pictures that are in the total.</summary>
    public int Pictures { get; private set; }

    public override void Text(ReadOnlySpan<byte> utf8)
    {
        if (_exact)
        {
            _counted += counter.Count(model, utf8, ref _budget);
        }
        else
        {
            _estimate.Add(utf8);
        }
    }

    public override void Name() => _counted += PerName;

    public override void Picture(ReadOnlySpan<byte> source)
    {
        // Others count any picture alike.
        if (_exact)
        {
            Measure(source);
        }
    }

    public override void Detail(ReadOnlySpan<byte> detail) => _low = _exact && detail.SequenceEqual("low"u8);

    public override void PartEnded()
    {
        if (_width > 0 || _low)
        {
            _counted += ImageTokens.Count(model, _width, _height, _low);
            Pictures++;
        }
        (_width, _height, _low) = (0, 0, false);
    }

    private void Measure(ReadOnlySpan<byte> source)
    {
        if (source.StartsWith("http"u8))
        {
            // Nobody fetches a picture for the bill.
            return;
        }
        if (source.StartsWith("data:"u8))
        {
            source = source[(source.IndexOf((byte)',') + 1)..];
        }
        var length = Math.Min(source.Length, Base64.GetMaxEncodedToUtf8Length(PictureHeader.MostBytes)) & ~3;
        var file = ArrayPool<byte>.Shared.Rent(PictureHeader.MostBytes);
        Base64.DecodeFromUtf8(source[..length], file, out _, out var written);
        PictureHeader.TryRead(file.AsSpan(0, written), out _width, out _height);
        ArrayPool<byte>.Shared.Return(file);
    }
}
