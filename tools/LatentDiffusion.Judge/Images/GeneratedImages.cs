using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace LatentDiffusion.Judge;

/// <summary>
/// Generated images of one model and one choice of settings, one PNG file each. Existing images are not generated again, so
/// that hours of work can be interrupted at any time.
/// </summary>
internal sealed class GeneratedImages
{
    private static readonly SkiaImageCodec s_codec = new();

    private readonly string _folder;

    /// <param name="folder">The folder; created if it does not exist.</param>
    /// <param name="settings">Determines the images together with prompt and seed: the model and how it is sampled.</param>
    /// <exception cref="InvalidDataException">The folder contains images of other settings.</exception>
    public GeneratedImages(string folder, string settings)
    {
        _folder = Path.GetFullPath(folder);
        FolderSettings.Check(_folder, settings, "images");
    }

    /// <summary>Generates the missing images.</summary>
    /// <param name="pipeline">The pipeline, which several workers use at once.</param>
    /// <param name="requests">All images.</param>
    /// <param name="workers">Number of images generated at once.</param>
    /// <param name="progress">Reports the number of existing images.</param>
    /// <param name="cancellationToken">Stops the generation; finished images are kept.</param>
    public void Make(
        DiffusionPipeline pipeline,
        IReadOnlyList<ImageRequest> requests,
        int workers,
        IProgress<int>? progress,
        CancellationToken cancellationToken)
    {
        ImageRequest[] missing = [.. requests.Where(o => !File.Exists(PathOf(o)))];
        int done = requests.Count - missing.Length, made = 0;
        progress?.Report(done);
        var gate = new Lock();
        try
        {
            // Taken from a shared queue, so that missing images are made in order and no worker waits.
            Parallel.ForEach(
                Partitioner.Create(missing, EnumerablePartitionerOptions.NoBuffering),
                new ParallelOptions { MaxDegreeOfParallelism = workers, CancellationToken = cancellationToken }, wanted =>
                {
                    var request = new GenerationRequest { Prompt = wanted.Prompt, Seed = wanted.Seed };
                    GenerationResult result = pipeline.Generate(request, cancellationToken: cancellationToken);
                    result.Images[0].SavePng(PathOf(wanted), timings: false);
                    lock (gate) progress?.Report(done + ++made);
                });
        }
        catch (AggregateException e)
        {
            // The error of the first worker that failed.
            ExceptionDispatchInfo.Throw(e.Flatten().InnerExceptions[0]);
        }
    }

    /// <summary>Reads an existing image.</summary>
    public ImageBuffer Read(ImageRequest request) => s_codec.Decode(File.ReadAllBytes(PathOf(request)));

    /// <summary>Reads existing images in order, with their prompts.</summary>
    public IEnumerable<(ImageBuffer Image, string Prompt)> ReadAll(IEnumerable<ImageRequest> requests) =>
        requests.Select(o => (Read(o), o.Prompt));

    private string PathOf(ImageRequest request) => Path.Combine(_folder, request.FileName);
}
