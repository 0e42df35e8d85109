using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using NewApi.Domain;
using NewApi.Providers.Tasks;

namespace NewApi.RelayService.Tasks;

/// <summary>Reads orders: JSON, or forms whose parts stay where they lie in the body.</summary>
internal static class TaskOrders
{
    private const int MostParts = 64;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 64, AllowDuplicateProperties = false };

    /// <summary>Fields that have a price or say what is made: two of them could be read differently here and upstream.</summary>
    private static readonly string[] Once = ["model", "prompt", "seconds", "duration", "size", "metadata"];

    /// <summary>The order, or what is wrong with it.</summary>
    /// <param name="surface">What it is written in.</param>
    /// <param name="body">The body; it must outlive the order.</param>
    /// <param name="contentType">As the caller gave it.</param>
    public static async Task<(TaskOrder? Order, RelayFault? Fault)> ReadAsync(TaskSurface surface, ReadOnlyMemory<byte> body, string? contentType)
    {
        try
        {
            var type = MediaTypeHeaderValue.TryParse(contentType, out var parsed) ? parsed : null;
            TaskForm? form = null;
            JsonObject fields;
            if (type?.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase) == true)
            {
                form = await ReadFormAsync(body, HeaderUtilities.RemoveQuotes(type.Boundary).ToString());
                fields = FieldsOf(form);
            }
            else if (type?.MediaType.Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase) == true)
            {
                fields = [];
                foreach (var (name, values) in QueryHelpers.ParseQuery(Encoding.UTF8.GetString(body.Span)))
                {
                    fields[name] = values.Count == 1 ? values[0] : new JsonArray([.. values.Select(value => (JsonNode?)value)]);
                }
            }
            else
            {
                fields = JsonNode.Parse(body.Span, documentOptions: Strict) as JsonObject ?? throw new OrderException("The body must be a JSON object.");
            }
            return (Read(surface, fields, form), null);
        }
        catch (OrderException mistake)
        {
            return (null, Invalid(mistake.Message));
        }
        catch (Exception error) when (error is JsonException or IOException or InvalidDataException or ArgumentException or InvalidOperationException or FormatException)
        {
            return (null, Invalid("The body can be read neither as JSON nor as the form that its content type says."));
        }
    }

    public static RelayFault Invalid(string message) => new(StatusCodes.Status400BadRequest, "invalid_request", message) { Final = true };

    private static TaskOrder Read(TaskSurface surface, JsonObject fields, TaskForm? form)
    {
        var model = surface.Model ?? surface.ModelNames.Select(name => Text(fields, name)).FirstOrDefault(name => name.Length > 0) ?? "";
        if (model.Length == 0 && !surface.Follows)
        {
            throw new OrderException($"field {surface.ModelNames[0]} is required");
        }
        var prompt = Text(fields, "prompt");
        var images = ImagesOf(fields);
        // Providers' own interfaces take a picture without words.
        if (prompt.Length == 0 && surface.NeedsPrompt && !(surface.BodyIsMetadata && images.Count > 0))
        {
            throw new OrderException("field prompt is required");
        }
        return new TaskOrder
        {
            Model = model,
            Action = surface.Action,
            Prompt = prompt,
            Mode = Text(fields, "mode"),
            Images = images,
            Size = Text(fields, "size"),
            Seconds = SecondsOf(fields, "seconds") ?? SecondsOf(fields, "duration"),
            Metadata = surface.BodyIsMetadata ? fields : MetadataOf(fields),
            Body = form is null ? fields : null,
            Form = form,
        };
    }

    private static List<string> ImagesOf(JsonObject fields)
    {
        var images = new List<string>();
        foreach (var name in (ReadOnlySpan<string>)["image", "images", "image_tail", "image_urls", "binary_data_base64", "input_reference"])
        {
            foreach (var item in fields[name] is JsonArray list ? list.AsEnumerable() : [fields[name]])
            {
                var image = item is JsonObject reference ? Text(reference, reference.ContainsKey("image_url") ? "image_url" : "url") : TextOf(item);
                if (image.Length > 0)
                {
                    images.Add(image);
                }
            }
        }
        return images;
    }

    private static int? SecondsOf(JsonObject fields, string name)
    {
        if (fields[name] is not JsonValue value || value.ToString() is not { Length: > 0 } text)
        {
            return fields[name] is null or JsonValue ? null : throw new OrderException($"field {name} must be a number");
        }
        return decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
            && seconds == decimal.Truncate(seconds) && seconds is >= 1 and <= TaskOrder.MostSeconds
                ? (int)seconds
                : throw new OrderException($"field {name} must be a whole number from 1 to {TaskOrder.MostSeconds}");
    }

    private static JsonObject? MetadataOf(JsonObject fields)
    {
        switch (fields["metadata"])
        {
            case null:
                return null;
            case JsonObject metadata:
                return metadata;
            case JsonValue value when value.GetValueKind() == JsonValueKind.String:
                if (value.GetValue<string>() is { Length: 0 })
                {
                    return null;
                }
                if (JsonNode.Parse(value.GetValue<string>(), documentOptions: Strict) is JsonObject written)
                {
                    return written;
                }
                break;
        }
        throw new OrderException("field metadata must be an object, or its JSON text");
    }

    private static string Text(JsonObject fields, string name) => fields[name] switch
    {
        null => "",
        JsonValue value when value.GetValueKind() is JsonValueKind.String => value.GetValue<string>(),
        _ => throw new OrderException($"field {name} must be a string"),
    };

    private static string TextOf(JsonNode? node) => node is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : "";

    private static JsonObject FieldsOf(TaskForm form)
    {
        var fields = new JsonObject();
        foreach (var part in form.Parts.Where(part => part.FileName is null))
        {
            var name = part.Name.EndsWith("[]", StringComparison.Ordinal) ? part.Name[..^2] : part.Name;
            var value = Encoding.UTF8.GetString(part.Value.Span);
            if (fields[name] is { } before)
            {
                fields[name] = Once.Contains(name)
                    ? throw new OrderException($"field {name} stands in the form more than once")
                    : new JsonArray([.. (before is JsonArray list ? list.Select(item => item?.DeepClone()) : [before.DeepClone()]), value]);
            }
            else
            {
                fields[name] = value;
            }
        }
        return fields;
    }

    private static async Task<TaskForm> ReadFormAsync(ReadOnlyMemory<byte> body, string boundary)
    {
        if (boundary.Length == 0)
        {
            throw new OrderException("The content type names no boundary.");
        }
        using var content = new ReadOnlyMemoryContent(body);
        await using var stream = await content.ReadAsStreamAsync();
        var reader = new MultipartReader(boundary, stream);
        var parts = new List<TaskPart>();
        while (await reader.ReadNextSectionAsync() is { } section)
        {
            if (parts.Count == MostParts)
            {
                throw new OrderException("The form has too many parts.");
            }
            if (!ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out var disposition)
                || HeaderUtilities.RemoveQuotes(disposition.Name).ToString() is not { Length: > 0 } name)
            {
                throw new OrderException("A part of the form has no name.");
            }
            var start = section.BaseStreamOffset ?? throw new InvalidDataException();
            await section.Body.CopyToAsync(Stream.Null);
            var file = HeaderUtilities.RemoveQuotes(disposition.FileName).ToString();
            parts.Add(new TaskPart(name, file.Length > 0 ? file : null, section.ContentType, body.Slice((int)start, (int)section.Body.Length)));
        }
        return new TaskForm(parts);
    }

    /// <summary>An order that cannot be understood; the message is for the caller.</summary>
    private sealed class OrderException(string message) : Exception(message);
}
