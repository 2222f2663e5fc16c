using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace LatentDiffusion.Judge;

/// <summary>
/// Generated pictures of one model and one choice of settings, one PNG file each: what is there is not generated again,
/// so that hours of work can be interrupted at any moment.
/// </summary>
internal sealed class PictureFolder
{
    private static readonly SkiaImageCodec s_codec = new();

    private readonly string _folder;

    /// <param name="folder">Made where it is missing.</param>
    /// <param name="settings">What all its pictures follow from beside prompt and seed: the model and how it is sampled.</param>
    /// <exception cref="InvalidDataException">The folder has pictures of other settings.</exception>
    public PictureFolder(string folder, string settings)
    {
        _folder = Path.GetFullPath(folder);
        FolderSettings.Check(_folder, settings, "pictures");
    }

    /// <summary>Generates those of the pictures that are missing.</summary>
    /// <param name="pipeline">What makes them; as many at once as there are workers.</param>
    /// <param name="orders">All pictures.</param>
    /// <param name="workers">How many are made at once.</param>
    /// <param name="progress">Told how many are there.</param>
    /// <param name="cancellationToken">Stops it; what is made stays.</param>
    public void Make(DiffusionPipeline pipeline, IReadOnlyList<PictureOrder> orders, int workers, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        PictureOrder[] missing = [.. orders.Where(o => !File.Exists(PathOf(o)))];
        int done = orders.Count - missing.Length, made = 0;
        progress?.Report(done);
        var gate = new Lock();
        try
        {
            // One at a time from a shared queue, so that what is missing is made in order and no worker waits.
            Parallel.ForEach(
                Partitioner.Create(missing, EnumerablePartitionerOptions.NoBuffering),
                new ParallelOptions { MaxDegreeOfParallelism = workers, CancellationToken = cancellationToken }, order =>
                {
                    GenerationResult result = pipeline.Generate(new GenerationRequest { Prompt = order.Prompt, Seed = order.Seed }, cancellationToken: cancellationToken);
                    result.Images[0].SavePng(PathOf(order), timings: false);
                    lock (gate) progress?.Report(done + ++made);
                });
        }
        catch (AggregateException e)
        {
            // Of several workers the first to fail tells why.
            ExceptionDispatchInfo.Throw(e.Flatten().InnerExceptions[0]);
        }
    }

    /// <summary>Reads a picture that was made.</summary>
    public ImageBuffer Read(PictureOrder order) => s_codec.Decode(File.ReadAllBytes(PathOf(order)));

    /// <summary>Reads pictures that were made, with their prompts, one after the other.</summary>
    public IEnumerable<(ImageBuffer Image, string Prompt)> ReadAll(IEnumerable<PictureOrder> orders) => orders.Select(o => (Read(o), o.Prompt));

    private string PathOf(PictureOrder order) => Path.Combine(_folder, order.FileName);
}
