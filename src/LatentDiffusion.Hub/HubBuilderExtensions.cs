using Microsoft.Extensions.DependencyInjection;
using static TorchSharp.torch;

namespace LatentDiffusion.Hub;

/// <summary>Adds published models to the pipeline builder.</summary>
/// <example>
/// <code>
/// using LatentDiffusion;
/// using LatentDiffusion.Hub;
///
/// DiffusionPipelineBuilder builder = await new DiffusionPipelineBuilder()
///     .UseModelAsync("stable-diffusion-v1-5/stable-diffusion-v1-5", variant: "fp16");
/// using DiffusionPipeline pipeline = builder.Build();
/// </code>
/// </example>
public static class HubBuilderExtensions
{
    /// <summary>
    /// Takes the components from a published model. It is downloaded when the pipeline is built, unless the cache has it:
    /// <see cref="DiffusionPipelineBuilder.Build"/> waits for it. <see cref="UseModelAsync"/> does not block.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="id">The repository, for example <c>organisation/name</c>.</param>
    /// <param name="revision">A branch, tag or commit; null for <c>main</c>. Only a commit is always the same model.</param>
    /// <param name="variant">Variant of the weights to prefer, for example <c>fp16</c>; null for the plain ones.</param>
    /// <param name="hub">The hub; null for the container's, or else <see cref="ModelHub.Shared"/>.</param>
    /// <param name="progress">Receives the progress of the download on any thread; null for no reports.</param>
    /// <param name="device">
    /// Where the networks run; null for the pipeline's device, or else CUDA if available, otherwise the CPU.
    /// </param>
    /// <param name="precision">
    /// Type of their weights, in which they compute; null for float32 on the CPU and the files' own elsewhere.
    /// </param>
    /// <param name="cancellationToken">Cancels the download, which the next build resumes.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">The id does not have the form <c>organisation/name</c> or <c>name</c>.</exception>
    public static DiffusionPipelineBuilder UseModel(
        this DiffusionPipelineBuilder builder, string id, string? revision = null, string? variant = null, ModelHub? hub = null,
        IProgress<HubProgress>? progress = null, Device? device = null, ScalarType? precision = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(builder);
        RepositoryId.Parse(id);
        return builder.UseModel(Download, id, device, precision, variant);

        // On another thread, because the caller may have a synchronization context that waits for it.
        string Download(IServiceProvider services) => Task.Run(
            () => (hub ?? services.GetService<ModelHub>() ?? ModelHub.Shared)
                .DownloadModelAsync(id, revision, variant, progress, cancellationToken),
            cancellationToken).GetAwaiter().GetResult();
    }

    /// <summary>Downloads a published model now, unless the cache has it, and takes the components from it.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="id">The repository, for example <c>organisation/name</c>.</param>
    /// <param name="revision">A branch, tag or commit; null for <c>main</c>. Only a commit is always the same model.</param>
    /// <param name="variant">Variant of the weights to prefer, for example <c>fp16</c>; null for the plain ones.</param>
    /// <param name="hub">The hub; null for <see cref="ModelHub.Shared"/>.</param>
    /// <param name="progress">Receives the progress of the download on any thread; null for no reports.</param>
    /// <param name="device">
    /// Where the networks run; null for the pipeline's device, or else CUDA if available, otherwise the CPU.
    /// </param>
    /// <param name="precision">
    /// Type of their weights, in which they compute; null for float32 on the CPU and the files' own elsewhere.
    /// </param>
    /// <param name="cancellationToken">Cancels the download, which the next call resumes.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">The id does not have the form <c>organisation/name</c> or <c>name</c>.</exception>
    /// <exception cref="HubException">The model cannot be downloaded; the derived types say why.</exception>
    public static async Task<DiffusionPipelineBuilder> UseModelAsync(
        this DiffusionPipelineBuilder builder, string id, string? revision = null, string? variant = null, ModelHub? hub = null,
        IProgress<HubProgress>? progress = null, Device? device = null, ScalarType? precision = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(builder);
        string folder = await (hub ?? ModelHub.Shared).DownloadModelAsync(id, revision, variant, progress, cancellationToken)
            .ConfigureAwait(false);
        return builder.UseModel(_ => folder, id, device, precision, variant);
    }
}
