using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary>
/// Describes the bodies of requests for images in the OpenAPI document: the fields of the contract, settings by their keys, and files.
/// </summary>
internal sealed class FieldDescriptions : IOpenApiOperationTransformer
{
    public async Task TransformAsync(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        IList<object> metadata = context.Description.ActionDescriptor.EndpointMetadata;
        if (metadata.OfType<RequestDescription>().FirstOrDefault() is not { } description) return;
        OpenApiSchema schema =
            await context.GetOrCreateSchemaAsync(typeof(ImageRequestBody), null, cancellationToken).ConfigureAwait(false);
        schema.Properties ??= new Dictionary<string, IOpenApiSchema>();
        foreach (RequestSetting setting in SettingFields.Settings.Values) schema.Properties[setting.Key] = Describe(setting);
        foreach (string file in description.Files)
            schema.Properties[file] = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" };
        schema.AdditionalPropertiesAllowed = false;
        operation.RequestBody = new OpenApiRequestBody
        {
            Required = true,
            Content = new Dictionary<string, OpenApiMediaType> { [description.MediaType] = new() { Schema = schema } },
        };
        OpenApiSchema events = await context.GetOrCreateSchemaAsync(typeof(ImageEvent), null, cancellationToken).ConfigureAwait(false);
        if (operation.Responses?["200"] is OpenApiResponse { Content: { } answers })
            answers["text/event-stream"] = new OpenApiMediaType { Schema = events };
    }

    private static OpenApiSchema Describe(RequestSetting setting) => setting switch
    {
        RequestSetting<int> number => Range(number, JsonSchemaType.Integer),
        RequestSetting<ulong> => new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "0" },
        RequestSetting<double> number => Range(number, JsonSchemaType.Number),
        RequestSetting<TimeSpan> => new OpenApiSchema { Type = JsonSchemaType.Number, Description = "A number of seconds." },
        _ when setting.Name is nameof(GenerationRequest.NegativePrompt) or nameof(GenerationRequest.SchedulerName) =>
            new OpenApiSchema { Type = JsonSchemaType.String },
        _ => new OpenApiSchema { Description = "JSON as image metadata holds it." },
    };

    private static OpenApiSchema Range<T>(RequestSetting<T> setting, JsonSchemaType type)
        where T : struct, IComparable<T>, IFormattable, IParsable<T> => new()
    {
        Type = type, Minimum = Text(setting.Range?.Minimum), Maximum = Text(setting.Range?.Maximum),
        Default = setting.Default is { } value ? JsonNode.Parse(Text<T>(value)!) : null,
    };

    private static string? Text<T>(T? value) where T : struct, IFormattable =>
        value?.ToString(null, System.Globalization.CultureInfo.InvariantCulture);
}
