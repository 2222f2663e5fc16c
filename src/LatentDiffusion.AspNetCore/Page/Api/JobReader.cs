using System.Globalization;

namespace LatentDiffusion.AspNetCore.Page;

/// <summary>Makes a job of the fields of a request.</summary>
internal sealed class JobReader(IImageCodec codec, LatentDiffusionServerOptions limits)
{
    private const int LargestPreviewEvery = 1000;

    /// <exception cref="JobRequestException">A field is wrong; the message names it.</exception>
    public ImageJob Read(JobFields fields, string defaultModel, string caller)
    {
        GenerationRequest request = RequestTexts.Read(fields.Texts);
        CheckLimits(request);
        return new ImageJob
        {
            Model = fields.Texts.GetValueOrDefault(JobFields.Model, defaultModel),
            Request = new RequestImages(codec, limits.MaximumInputPixels).Read(request, fields),
            Format = new ImageFormat(MediaType(fields), Number(fields, JobFields.Quality, 1, 100)),
            PreviewEvery = Number(fields, JobFields.PreviewEvery, 0, LargestPreviewEvery) ?? 0,
            Caller = caller,
        };
    }

    private void CheckLimits(GenerationRequest request)
    {
        if (request.ImageCount > limits.MaximumImages)
            throw Wrong(RequestSettings.ImageCount.Key, $"{request.ImageCount}", $"at most {limits.MaximumImages}");
        foreach ((string name, string text) in
            new[] { (nameof(request.Prompt), request.Prompt), (nameof(request.NegativePrompt), request.NegativePrompt) })
        {
            if (text.Length <= limits.MaximumPromptLength) continue;
            string field = FieldName.Of(name)!;
            throw new JobRequestException(
                field, $"{field} is {text.Length} characters long; expected at most {limits.MaximumPromptLength}.");
        }
    }

    private string MediaType(JobFields fields)
    {
        string type = fields.Texts.GetValueOrDefault(JobFields.MediaType, ImageFormat.Png.MediaType);
        return codec.MediaTypes.FirstOrDefault(known => known.Equals(type, StringComparison.OrdinalIgnoreCase))
            ?? throw Wrong(JobFields.MediaType, type, $"one of {string.Join(", ", codec.MediaTypes)}");
    }

    private static int? Number(JobFields fields, string name, int minimum, int maximum)
    {
        if (!fields.Texts.TryGetValue(name, out string? text)) return null;
        return int.TryParse(text, CultureInfo.InvariantCulture, out int value) && value >= minimum && value <= maximum
            ? value
            : throw Wrong(name, text, FormattableString.Invariant($"from {minimum} to {maximum}"));
    }

    private static JobRequestException Wrong(string name, string text, string expected) =>
        new(name, $"{name} is '{MessageText.Truncate(text, 100)}'; expected {expected}.");
}
