using System.Text;

namespace NewApi.Data;

/// <summary>Makes any text one that every engine can store.</summary>
public static class StorableText
{
    /// <summary>At most <paramref name="longest"/> UTF-16 units, no NUL (Postgres refuses it), no half of a surrogate pair.</summary>
    public static string Fit(string text, int longest = int.MaxValue)
    {
        if (text.Length > longest)
        {
            text = text[..longest];
        }

        return IsStorable(text) ? text : Mend(text);
    }

    private static bool IsStorable(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '\0')
            {
                return false;
            }

            if (char.IsSurrogate(c))
            {
                if (i + 1 >= text.Length || !char.IsSurrogatePair(c, text[i + 1]))
                {
                    return false;
                }

                i++;
            }
        }

        return true;
    }

    private static string Mend(string text)
    {
        var mended = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            // Broken halves arrive here as U+FFFD.
            if (rune.Value != 0)
            {
                mended.Append(rune);
            }
        }

        return mended.ToString();
    }
}
