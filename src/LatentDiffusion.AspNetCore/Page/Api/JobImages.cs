namespace LatentDiffusion.AspNetCore.Page;

/// <summary>The images of a posted job: files of a form, or texts in JSON.</summary>
/// <param name="files">The files of a field.</param>
/// <param name="images">Decodes them.</param>
internal sealed class JobImages(Func<string, IReadOnlyList<IFormFile>> files, RequestImages images)
{
    public const string Initial = "initial_image", Mask = "mask", References = "reference_images", Controls = "control_images",
        Adapters = "adapter_images";

    /// <summary>Names of the fields.</summary>
    public static IReadOnlyList<string> Names { get; } = [Initial, Mask, References, Controls, Adapters];

    /// <summary>The files of JSON.</summary>
    public static IReadOnlyList<IFormFile> Files(JobBody body, string field)
    {
        IReadOnlyList<byte[]>? files = field switch
        {
            Initial => body.InitialImage, Mask => body.Mask, References => body.ReferenceImages, Controls => body.ControlImages,
            _ => body.AdapterImages,
        };
        return [.. (files ?? []).Select(file => new FormFile(new MemoryStream(file), 0, file.Length, field, field))];
    }

    /// <summary>The request with its images.</summary>
    /// <exception cref="RequestException">An image cannot be read or is too large, or a field of one image has several.</exception>
    public async Task<GenerationRequest> SetOnAsync(GenerationRequest request) => request with
    {
        InitialImage = await OneAsync(Initial, RgbColor.White).ConfigureAwait(false),
        Mask = await OneAsync(Mask, RgbColor.Black).ConfigureAwait(false),
        ReferenceImages = await SeveralAsync(References, RgbColor.White).ConfigureAwait(false),
        ControlImages = await SeveralAsync(Controls, RgbColor.Black).ConfigureAwait(false),
        AdapterImages = await SeveralAsync(Adapters, RgbColor.Black).ConfigureAwait(false),
    };

    private async Task<ImageBuffer?> OneAsync(string field, RgbColor background) => files(field) switch
    {
        [] => null,
        [var file] => await images.DecodeAsync(file, field, background).ConfigureAwait(false),
        var several => throw RequestErrors.Invalid($"{field} has {several.Count} images; expected one.", field),
    };

    private Task<IReadOnlyList<ImageBuffer>?> SeveralAsync(string field, RgbColor background) =>
        images.DecodeAsync(files(field), field, background);
}
