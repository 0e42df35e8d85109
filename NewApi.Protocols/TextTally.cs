namespace NewApi.Protocols;

/// <summary>
/// Counts the text of a prompt or of an answer, as it is told piece by piece by whoever reads it. Spans are UTF-8 without JSON escapes,
/// valid during the call only.
/// </summary>
public abstract class TextTally
{
    public abstract void Text(ReadOnlySpan<byte> utf8);

    /// <summary>The text before was the name of a participant.</summary>
    public virtual void Name()
    {
    }

    /// <summary>A picture: its address, a data URI, or base64.</summary>
    public virtual void Picture(ReadOnlySpan<byte> source)
    {
    }

    /// <summary>How closely the picture of this part is to be looked at: low, high, auto.</summary>
    public virtual void Detail(ReadOnlySpan<byte> detail)
    {
    }

    /// <summary>A part of the prompt is over: whatever was said of a picture belonged to it.</summary>
    public virtual void PartEnded()
    {
    }
}
