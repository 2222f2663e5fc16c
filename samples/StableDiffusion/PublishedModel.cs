using LatentDiffusion.Hub;
using LatentDiffusion.Samples;
using Spectre.Console;

namespace StableDiffusion;

/// <summary>A model on a hub, which is downloaded into the cache of huggingface_hub with a progress bar.</summary>
internal static class PublishedModel
{
    /// <summary>Whether a text is the id of a published model, organisation/name, and not a path on this machine.</summary>
    public static bool IsId(string text) =>
        text.Split('/') is [var organisation, _] && ModelHub.IsRepositoryId(text) && !Path.Exists(text) && !Directory.Exists(organisation);

    /// <summary>Downloads the model, unless the cache has it.</summary>
    /// <returns>Its folder.</returns>
    public static Task<string> DownloadAsync(ModelChoice model, CancellationToken cancellationToken) => ErrorConsole.Create().Progress()
        .Columns(
            new TaskDescriptionColumn(), new ProgressBarColumn(), new DownloadedColumn(), new TransferSpeedColumn(),
            new RemainingTimeColumn())
        .StartAsync(async context =>
        {
            ProgressTask bar = context.AddTask("Downloading", maxValue: 1);
            var progress = new Progress<HubProgress>(p => (bar.MaxValue, bar.Value) = (Math.Max(p.TotalBytes, 1), p.CompletedBytes));
            string folder = await ModelHub.Shared.DownloadModelAsync(
                model.Path, model.Revision, model.Variant, progress, cancellationToken);
            bar.Value = bar.MaxValue;
            return folder;
        });
}
