namespace NewApi.Protocols.Canonical;

internal static class RequestText
{
    /// <summary>Texts of strangers may be neither UTF-8 nor UTF-16, which shows only when they are read.</summary>
    public static ChatRequest Guard(Func<ChatRequest> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException)
        {
            throw new TranslationException("The request contains text that is not valid Unicode.");
        }
    }
}
