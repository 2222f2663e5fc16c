using System.Diagnostics;
using LatentDiffusion;

namespace StableDiffusion;

/// <summary>Writes the preview of each step to one file.</summary>
internal static class PreviewFile
{
    private static readonly SkiaImageCodec s_codec = new();

    /// <summary>Path of the previews of an image.</summary>
    public static string Of(string image) => Path.ChangeExtension(image, "preview.png");

    /// <summary>Generates and writes previews.</summary>
    /// <param name="pipeline">The pipeline.</param>
    /// <param name="request">What to generate.</param>
    /// <param name="path">Path of the previews.</param>
    /// <param name="progress">Receives each step.</param>
    /// <param name="cancellationToken">Stops the generation.</param>
    public static async Task<GenerationResult> GenerateAsync(
        DiffusionPipeline pipeline, GenerationRequest request, string path, IProgress<GenerationProgress> progress,
        CancellationToken cancellationToken)
    {
        await foreach (GenerationUpdate update in pipeline.GenerateStreamingAsync(request, cancellationToken: cancellationToken))
        {
            progress.Report(update.Progress);
            if (update.Previews is [var first, ..]) Write(path, first);
            if (update.Result is { } result) return result;
        }

        throw new UnreachableException("A stream ends with its result.");
    }

    // Renamed, so that a viewer never reads a partly written file.
    private static void Write(string path, ImageBuffer preview)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        string written = path + ".tmp";
        File.WriteAllBytes(written, s_codec.EncodePng(preview));
        File.Move(written, path, overwrite: true);
    }
}
