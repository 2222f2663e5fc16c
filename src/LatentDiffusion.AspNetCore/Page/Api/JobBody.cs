using System.Buffers.Text;
using System.Text.Json;
using Microsoft.Extensions.Primitives;

namespace LatentDiffusion.AspNetCore.Page;

/// <summary>Reads the body of a posted job: JSON, or a form with files.</summary>
internal static class JobBody
{
    private static readonly JsonDocumentOptions s_json = new() { MaxDepth = 16, AllowDuplicateProperties = false };

    /// <exception cref="JobRequestException">The body is of another type, or damaged.</exception>
    public static async Task<JobFields> ReadAsync(HttpRequest request)
    {
        var fields = new JobFields();
        if (request.HasJsonContentType())
        {
            await ReadJsonAsync(request, fields).ConfigureAwait(false);
        }
        else if (request.HasFormContentType)
        {
            await ReadFormAsync(request, fields).ConfigureAwait(false);
        }
        else
        {
            string type = MessageText.Truncate(request.ContentType ?? "", 100);
            throw new BadHttpRequestException(
                $"The content type is '{type}'; expected application/json or multipart/form-data.",
                StatusCodes.Status415UnsupportedMediaType);
        }

        return fields;
    }

    private static async Task ReadJsonAsync(HttpRequest request, JobFields fields)
    {
        JsonDocument body;
        try
        {
            body = await JsonDocument.ParseAsync(request.Body, s_json, request.HttpContext.RequestAborted).ConfigureAwait(false);
        }
        catch (JsonException e)
        {
            throw new JobRequestException(null, $"The body is not valid JSON: {e.Message}");
        }

        using (body)
        {
            if (body.RootElement.ValueKind != JsonValueKind.Object)
                throw new JobRequestException(null, $"The body is a JSON {body.RootElement.ValueKind}; expected an object.");
            try
            {
                foreach (JsonProperty property in body.RootElement.EnumerateObject()) Add(fields, property.Name, property.Value);
            }
            catch (InvalidOperationException)
            {
                throw new JobRequestException(null, "The body has text that is not valid Unicode.");
            }
        }
    }

    /// <summary>Numbers, lists and objects keep their JSON text.</summary>
    private static void Add(JobFields fields, string name, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null) return;
        if (value.ValueKind == JsonValueKind.Array && JobFields.IsImage(name))
            foreach (JsonElement image in value.EnumerateArray()) Add(fields, name, Text(image));
        else
            Add(fields, name, Text(value));

        static string Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
    }

    private static void Add(JobFields fields, string name, string text)
    {
        if (JobFields.IsImage(name)) fields.Add(name, Image(name, text));
        else fields.Add(name, text);
    }

    private static byte[] Image(string name, string text)
    {
        const string Scheme = "data:", Mark = ";base64,";
        ReadOnlySpan<char> data = text;
        if (data.StartsWith(Scheme))
        {
            int mark = data.IndexOf(Mark);
            data = mark < 0 ? default : data[(mark + Mark.Length)..];
        }

        byte[] bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(data.Length)];
        return data.Length > 0 && Convert.TryFromBase64Chars(data, bytes, out int length)
            ? bytes[..length]
            : throw new JobRequestException(name, $"{name} is not an image; expected a data URI or text in Base64.");
    }

    private static async Task ReadFormAsync(HttpRequest request, JobFields fields)
    {
        IFormCollection form;
        try
        {
            form = await request.ReadFormAsync(request.HttpContext.RequestAborted).ConfigureAwait(false);
        }
        catch (InvalidDataException e)
        {
            throw new JobRequestException(null, $"The form cannot be read: {e.Message}");
        }

        foreach ((string name, StringValues values) in form)
            foreach (string? value in values) Add(fields, name, value ?? "");
        foreach (IFormFile file in form.Files)
        {
            byte[] content = new byte[file.Length];
            using Stream stream = file.OpenReadStream();
            await stream.ReadExactlyAsync(content, request.HttpContext.RequestAborted).ConfigureAwait(false);
            fields.Add(file.Name, content);
        }
    }
}
