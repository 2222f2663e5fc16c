namespace LatentDiffusion;

/// <summary>LoRA and other adapters of a pipeline's model.</summary>
/// <example>
/// <code><![CDATA[
/// using LatentDiffusion;
///
/// using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
///     .UseModelFolder("models/stable-diffusion-v1-5")
///     .UseLora("detail.safetensors", scale: 0.5)
///     .UsePromptLoras("loras")
///     .Build();
/// pipeline.Generate(new GenerationRequest { Prompt = "a bird <lora:watercolour:0.8>" });
/// ]]></code>
/// </example>
public static class LoraBuilderExtensions
{
    /// <summary>
    /// Adds LoRA or another adapter (LoHa, LoKr, DoRA, OFT, (IA)³, full differences) to the model's weights, in addition to others: see
    /// <see cref="DiffusionModel.SetLoras(IReadOnlyList{ValueTuple{string, double}})"/>. Embeddings that the file bundles are added as
    /// by <see cref="TextualInversionBuilderExtensions.UseTextualInversion"/>.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="path">Path of the file, of peft, diffusers, kohya or LyCORIS; read when the pipeline is built.</param>
    /// <param name="scale">How much of it, any finite number. Default 1, as trained.</param>
    /// <param name="unknown">
    /// Whether a file is refused that holds kinds of adapters that are not supported or names that fit no parameter, which is the default,
    /// or what is known of it is applied, with a line in the log.
    /// </param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">The path is empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The scale is not finite.</exception>
    public static DiffusionPipelineBuilder UseLora(
        this DiffusionPipelineBuilder builder, string path, double scale = 1, UnknownTensorHandling unknown = UnknownTensorHandling.Refuse)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!double.IsFinite(scale)) throw new ArgumentOutOfRangeException(nameof(scale), scale, "A scale is a finite number.");
        return builder.Change(s => s.Features.Add(new LoraChoice(path, scale, unknown)));
    }

    /// <summary>
    /// Lets prompts and negative prompts name LoRA files and other adapters as the web UI does, <c>&lt;lora:name:0.8&gt;</c>, or
    /// <c>&lt;lora:name&gt;</c> for a scale of 1. They apply to the whole model while the generation runs, in addition to those of
    /// <see cref="UseLora"/>, and are not part of the text. Off by default.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="folder">
    /// The folder of the files, whose names without extension prompts contain; folders in it are searched too, links are not followed.
    /// </param>
    /// <param name="unknown">
    /// How files with unknown tensors are handled, as in <see cref="UseLora"/>. Default <see cref="UnknownTensorHandling.Refuse"/>.
    /// </param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">The folder's path is empty.</exception>
    /// <remarks>
    /// A name without a file there is an <see cref="ArgumentException"/> of the request. Generations with other adapters wait for one
    /// another, because the weights are shared. Requests of one batch must name the same ones.
    /// </remarks>
    public static DiffusionPipelineBuilder UsePromptLoras(
        this DiffusionPipelineBuilder builder, string folder, UnknownTensorHandling unknown = UnknownTensorHandling.Refuse)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return builder.Change(s => s.Features.Set(new PromptLoraChoice(folder, unknown)));
    }
}
