using System.Buffers;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LatentDiffusion.AspNetCore.Limits;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace LatentDiffusion.AspNetCore.Requests;

/// <summary>A body of multipart/form-data: the fields of a request, and files.</summary>
internal sealed class FormBody<T> where T : class
{
    private readonly IFormFileCollection _files;

    private FormBody(T fields, IFormFileCollection files) => (Fields, _files) = (fields, files);

    /// <summary>The fields that are text.</summary>
    public T Fields { get; }

    /// <summary>The files of a field. Clients that send several add <c>[]</c> to its name.</summary>
    public IFormFile[] Files(string field) =>
        [.. _files.Where(file => file.Name == field || file.Name == Several(field))];

    /// <summary>Reads the body. Large files are kept on disk until the request ends.</summary>
    /// <param name="context">The request.</param>
    /// <param name="contract">The fields that are text. It reads numbers and booleans from strings.</param>
    /// <param name="files">Names of the fields that are files.</param>
    /// <param name="maximumBytes">The most bytes of the body.</param>
    /// <exception cref="RequestException">The body cannot be read.</exception>
    public static async Task<FormBody<T>> ReadAsync(
        HttpContext context, JsonTypeInfo<T> contract, IReadOnlyList<string> files, long maximumBytes)
    {
        HttpRequest request = context.Request;
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? type)
            || type.MediaType?.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase) is not true)
        {
            throw RequestErrors.Invalid(
                $"Content-Type is '{MessageText.Truncate(request.ContentType ?? "", 100)}'; expected multipart/form-data.", null,
                "invalid_content_type");
        }

        LimitedBody.Limit(request, maximumBytes);
        IFormCollection form = await ReadFormAsync(context, maximumBytes).ConfigureAwait(false);
        IFormFile? unknown = form.Files.FirstOrDefault(file => !files.Any(name => file.Name == name || file.Name == Several(name)));
        if (unknown is not null) throw RequestErrors.Unknown(unknown.Name);
        foreach (string field in files)
        {
            if (form.ContainsKey(field) || form.ContainsKey(Several(field)))
                throw RequestErrors.Invalid($"Invalid type for '{field}': expected a file.", field, "invalid_type");
        }

        return new FormBody<T>(ReadFields(form, contract), form.Files);
    }

    private static async Task<IFormCollection> ReadFormAsync(HttpContext context, long maximumBytes)
    {
        var feature = new FormFeature(context.Request, new FormOptions { MultipartBodyLengthLimit = maximumBytes, ValueCountLimit = 200 });
        try
        {
            return await feature.ReadFormAsync(context.RequestAborted).ConfigureAwait(false);
        }
        catch (Exception e) when (e is InvalidDataException or IOException and not BadHttpRequestException)
        {
            throw RequestErrors.Invalid(
                $"The body is not multipart/form-data: {MessageText.Truncate(e.Message, 200)}", null, "invalid_form");
        }
    }

    /// <summary>The text fields by the contract of JSON bodies.</summary>
    private static T ReadFields(IFormCollection form, JsonTypeInfo<T> contract)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach ((string name, StringValues values) in form)
            {
                string shown = MessageText.Truncate(name, 100);
                if (values.Count != 1) throw RequestErrors.Invalid($"'{shown}' is given {values.Count} times.", shown);
                writer.WriteString(name, values[0]);
            }

            writer.WriteEndObject();
        }

        try
        {
            return JsonSerializer.Deserialize(buffer.WrittenSpan, contract)!;
        }
        catch (JsonException e)
        {
            throw JsonErrors.FromException(e, contract);
        }
    }

    private static string Several(string field) => $"{field}[]";
}
