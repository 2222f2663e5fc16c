namespace LatentDiffusion;

/// <summary>The shipped model of drawings on the builder.</summary>
public static class DrawingsModelExtensions
{
    /// <summary>
    /// Uses the model of drawings that this package brings: 128 x 128 pictures on white, of 24 subjects in 12 colours
    /// with capes, hats, jewels and poses.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="device">Where the networks run; null for CUDA where there is one, else the CPU.</param>
    /// <exception cref="DirectoryNotFoundException">When built: the model's files are not beside the application.</exception>
    public static DiffusionPipelineBuilder UseDrawingsModel(this DiffusionPipelineBuilder builder, TorchSharp.torch.Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.UseModelFolder(Path.Combine(AppContext.BaseDirectory, "models", "drawings"), device);
    }
}
