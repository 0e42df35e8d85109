using System.Buffers;
using System.Text.Json;
using NewApi.Domain;

namespace NewApi.Protocols;

/// <summary>Edits a scanned request body in place: every byte that is not edited stays as the caller sent it.</summary>
public static class RequestRewriter
{
    private const int MostPatches = 16;

    /// <summary>Writes the edited body; false means that nothing changes, and nothing was written: forward the original bytes.</summary>
    /// <param name="body">The very bytes that were scanned.</param>
    /// <param name="scan">Their scan, without a fault.</param>
    /// <param name="edits">What to change.</param>
    /// <param name="output">Receives the edited body.</param>
    public static bool TryWrite(ReadOnlySpan<byte> body, RequestScan scan, in RequestEdits edits, IBufferWriter<byte> output)
    {
        if (scan.Form != BodyForm.Json)
        {
            return FormRewriter.TryWrite(body, scan, edits, output);
        }

        if (scan.RootStart < 0)
        {
            return false;
        }

        Span<Patch> patches = stackalloc Patch[MostPatches];
        var list = new PatchList(patches);
        Collect(body, scan, edits, ref list);
        if (list.Count == 0)
        {
            return false;
        }

        list.Write(body, output, edits);
        return true;
    }

    private static void Collect(ReadOnlySpan<byte> body, RequestScan scan, in RequestEdits edits, ref PatchList list)
    {
        if (edits.Model is { } model && !RequestMembers.NamesModelInAddress(scan.Dialect) && !string.Equals(model, scan.Model, StringComparison.Ordinal))
        {
            if (scan.ModelValue.Exists)
            {
                list.Replace(scan.ModelValue.ValueStart, scan.ModelValue.End, PatchText.Model);
            }
            else
            {
                list.Replace(scan.RootStart + 1, scan.RootStart + 1, PatchText.ModelMember);
            }
        }

        Span<MemberSpan> removed = stackalloc MemberSpan[6];
        var count = 0;
        Remove(edits.Remove, RequestFields.ServiceTier, scan.ServiceTier, removed, ref count);
        Remove(edits.Remove, RequestFields.InferenceGeo, scan.InferenceGeo, removed, ref count);
        Remove(edits.Remove, RequestFields.Speed, scan.Speed, removed, ref count);
        Remove(edits.Remove, RequestFields.SafetyIdentifier, scan.SafetyIdentifier, removed, ref count);
        Remove(edits.Remove, RequestFields.Store, scan.Store, removed, ref count);

        var insertUsage = false;
        if (scan.Dialect is not (Dialect.AnthropicMessages or Dialect.GeminiContent))
        {
            if (PatchStreamOptions(body, scan, edits, ref list, out insertUsage))
            {
                removed[count++] = scan.StreamOptions;
            }
        }

        list.RemoveMembers(body, removed[..count]);
        if (insertUsage)
        {
            list.Replace(scan.RootStart + 1, scan.RootStart + 1, PatchText.StreamOptionsMember);
        }

        if (edits.DefaultMaxTokens is not null && !scan.HasMaxTokens && scan.Model is not null)
        {
            list.Replace(scan.RootStart + 1, scan.RootStart + 1, PatchText.MaxTokensMember);
        }
    }

    private static void Remove(RequestFields asked, RequestFields field, MemberSpan span, Span<MemberSpan> removed, ref int count)
    {
        if ((asked & field) != 0 && span.Exists)
        {
            removed[count++] = span;
        }
    }

    /// <summary>Returns whether the whole member goes; <paramref name="insert"/> whether one must be added.</summary>
    private static bool PatchStreamOptions(
        ReadOnlySpan<byte> body, RequestScan scan, in RequestEdits edits, ref PatchList list, out bool insert)
    {
        insert = false;
        var options = scan.StreamOptions;
        var force = edits.ForceUsage && scan.Stream && !edits.DropStreamOptions
            && (scan.Dialect is Dialect.OpenAIChat or Dialect.OpenAICompletions);
        if (!options.Exists)
        {
            insert = force;
            return false;
        }

        if (edits.DropStreamOptions || !scan.Stream)
        {
            return true;
        }

        if (!scan.StreamOptionsIsObject)
        {
            if (force)
            {
                list.Replace(options.ValueStart, options.End, PatchText.StreamOptionsValue);
            }

            return false;
        }

        var hides = (edits.Remove & RequestFields.IncludeObfuscation) != 0 && scan.IncludeObfuscation.Exists;
        var left = scan.StreamOptionsMembers - (hides ? 1 : 0);
        if (!force && hides && left == 0)
        {
            return true;
        }

        if (force && !scan.IncludeUsageValue.Exists)
        {
            var inside = options.ValueStart + 1;
            list.Replace(inside, inside, left > 0 ? PatchText.IncludeUsageFirst : PatchText.IncludeUsageOnly);
        }
        else if (force && scan.IncludeUsage != true)
        {
            list.Replace(scan.IncludeUsageValue.ValueStart, scan.IncludeUsageValue.End, PatchText.True);
        }

        if (hides)
        {
            Span<MemberSpan> one = [scan.IncludeObfuscation];
            list.RemoveMembers(body, one);
        }

        return false;
    }
}

/// <summary>What a patch writes in place of what it takes out.</summary>
internal enum PatchText : byte
{
    Nothing,
    Model,
    ModelMember,
    True,
    StreamOptionsMember,
    StreamOptionsValue,
    IncludeUsageFirst,
    IncludeUsageOnly,
    MaxTokensMember,
}

internal readonly record struct Patch(int Start, int End, PatchText Text);

/// <summary>Patches that do not overlap, kept in the order of the body; of two insertions at one place the later added comes first.</summary>
internal ref struct PatchList(Span<Patch> room)
{
    private readonly Span<Patch> _patches = room;

    public int Count { get; private set; }

    public void Replace(int start, int end, PatchText text)
    {
        var at = Count;
        while (at > 0 && _patches[at - 1].Start >= start)
        {
            _patches[at] = _patches[at - 1];
            at--;
        }

        _patches[at] = new Patch(start, end, text);
        Count++;
    }

    /// <summary>Takes members of one object out, each with one of the commas around it.</summary>
    public void RemoveMembers(ReadOnlySpan<byte> body, scoped Span<MemberSpan> members)
    {
        members.Sort(static (left, right) => left.Start.CompareTo(right.Start));
        for (var i = 0; i < members.Length;)
        {
            // Neighbours go together: the last member of an object has its comma before it, and that comma may be a neighbour's.
            var start = members[i].Start;
            int end;
            bool comma;
            do
            {
                comma = TryNextMember(body, members[i].End, out end);
                i++;
            }
            while (i < members.Length && comma && members[i].Start == end);

            if (!comma)
            {
                start = CommaBefore(body, start);
            }

            Replace(start, end, PatchText.Nothing);
        }
    }

    public readonly void Write(ReadOnlySpan<byte> body, IBufferWriter<byte> output, in RequestEdits edits)
    {
        var at = 0;
        for (var i = 0; i < Count; i++)
        {
            var patch = _patches[i];
            output.Write(body[at..patch.Start]);
            WriteText(output, patch.Text, edits);
            at = patch.End;
        }

        output.Write(body[at..]);
    }

    private static void WriteText(IBufferWriter<byte> output, PatchText text, in RequestEdits edits)
    {
        switch (text)
        {
            case PatchText.Model:
                WriteModel(output, edits.Model!);
                break;
            case PatchText.ModelMember:
                // Never the only member: every dialect that may leave the model out demands another one.
                output.Write("\"model\":"u8);
                WriteModel(output, edits.Model!);
                output.Write(","u8);
                break;
            case PatchText.True:
                output.Write("true"u8);
                break;
            case PatchText.StreamOptionsMember:
                output.Write("\"stream_options\":{\"include_usage\":true},"u8);
                break;
            case PatchText.StreamOptionsValue:
                output.Write("{\"include_usage\":true}"u8);
                break;
            case PatchText.IncludeUsageFirst:
                output.Write("\"include_usage\":true,"u8);
                break;
            case PatchText.IncludeUsageOnly:
                output.Write("\"include_usage\":true"u8);
                break;
            case PatchText.MaxTokensMember:
                output.Write("\"max_tokens\":"u8);
                var digits = output.GetSpan(16);
                System.Buffers.Text.Utf8Formatter.TryFormat(edits.DefaultMaxTokens!.Value, digits, out var written);
                output.Advance(written);
                output.Write(","u8);
                break;
        }
    }

    private static void WriteModel(IBufferWriter<byte> output, string model)
    {
        output.Write("\""u8);
        output.Write(JsonEncodedText.Encode(model, ErrorBody.WriterOptions.Encoder).EncodedUtf8Bytes);
        output.Write("\""u8);
    }

    /// <summary>Finds the member that follows; without one, <paramref name="end"/> is where this member ends.</summary>
    private static bool TryNextMember(ReadOnlySpan<byte> body, int from, out int end)
    {
        var at = from + SpaceBefore(body[from..]);
        if (body[at] != (byte)',')
        {
            end = from;
            return false;
        }

        at++;
        end = at + SpaceBefore(body[at..]);
        return true;
    }

    private static int SpaceBefore(ReadOnlySpan<byte> rest) => Math.Max(0, rest.IndexOfAnyExcept(" \t\r\n"u8));

    /// <summary>Where the comma before a member stands, or the member itself when it is the first.</summary>
    private static int CommaBefore(ReadOnlySpan<byte> body, int start)
    {
        var at = body[..start].LastIndexOfAnyExcept(" \t\r\n"u8);
        return body[at] == (byte)',' ? at : start;
    }
}
