using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>Stable Diffusion 3 and 3.5: a transformer over image and text that reads two CLIP text encoders and T5.</summary>
internal sealed class SD3Family : ModelFamily
{
    // As published with the pipeline, and with the models of 3.5, whose queries and keys are normalised.
    private const int DefaultSteps = 28;
    private const double DefaultGuidance = 7, DefaultGuidance35 = 4.5;

    public override string Name => "Stable Diffusion 3";

    public override IReadOnlyList<string> PipelineClasses { get; } =
        ["StableDiffusion3Pipeline", "StableDiffusion3Img2ImgPipeline", "StableDiffusion3InpaintPipeline"];

    public override IReadOnlyList<ComponentDescription> Components { get; } =
    [
        new(ComponentNames.Transformer, typeof(SD3Transformer2DModel)) { IsRequired = true },
        new(ComponentNames.Autoencoder, typeof(nn.Module<Tensor, Tensor>)) { IsRequired = true },
        new(ComponentNames.TextEncoder, typeof(ClipTextModel)),
        new(ComponentNames.TextEncoder2, typeof(ClipTextModel)),
        new(ComponentNames.TextEncoder3, typeof(T5EncoderModel)),
        new(ComponentNames.Tokenizer, typeof(ClipTokenizerFiles)),
        new(ComponentNames.Tokenizer2, typeof(ClipTokenizerFiles)),
        new(ComponentNames.Tokenizer3, typeof(TextTokenizerFiles)),
    ];

    public override IReadOnlyList<ComponentType> ComponentTypes { get; } =
    [
        NetworkType.Create<SD3Transformer2DModel, SD3TransformerConfig>(
            nameof(SD3Transformer2DModel), SD3TransformerConfig.FromJson, (config, layers) => new(config, layers),
            network => network.Config),
    ];

    public override IReadOnlyList<LoraComponent> LoraComponents => SD3Lora.Components;

    public override IReadOnlyList<string> SingleFilePrefixes { get; } =
    [
        SD3Names.Blocks, SD3Names.Transformer + SD3Names.Blocks, SD3Names.Positions, SD3Names.Transformer + SD3Names.Positions,
    ];

    public override ModelComponents ReadFile(ITensorSource file, CheckpointOptions options, SingleFileOptions model)
    {
        using var reader = new SD3Reader(file, options, model);
        return reader.Read();
    }

    public override nn.Module? ReadNetworkFile(ITensorSource file, Type type, CheckpointOptions options)
    {
        if (type != typeof(SD3Transformer2DModel)) return null;
        using var reader = new SD3Reader(file, options, new SingleFileOptions());
        return reader.ReadTransformer();
    }

    public override DiffusionModel CreateModel(ModelComponents components, Device device)
    {
        SD3Transformer2DModel transformer = components.Get<SD3Transformer2DModel>(ComponentNames.Transformer);
        var autoencoder = components.IsPartial
            ? components.Find<nn.Module<Tensor, Tensor>>(ComponentNames.Autoencoder)
            : components.Get<nn.Module<Tensor, Tensor>>(ComponentNames.Autoencoder);
        if (autoencoder is not null) LatentAutoencoder.WidenWhereHalfOverflows(autoencoder);
        SD3TransformerConfig config = transformer.Config;
        return new DiffusionModel(
            SD3Denoiser.Create(transformer), components.CreateSD3TextEncoder(),
            autoencoder is null ? null : LatentAutoencoder.Create(autoencoder), components.Scheduler, config.SampleSize, device)
        {
            Steps = DefaultSteps,
            GuidanceScale = config.NormalizesQueriesAndKeys ? DefaultGuidance35 : DefaultGuidance,
            LatentScalingFactor = autoencoder is null ? PublishedLatents.StableDiffusion3.ScalingFactor : null,
        };
    }

    /// <remarks>The texts are the application's: <see cref="TextEmbeddingCache"/> keeps those of the text encoders.</remarks>
    public override TrainableModel CreateTrainable(ModelComponents components)
    {
        LatentAutoencoder autoencoder = LatentAutoencoder.Create(components.Get<nn.Module<Tensor, Tensor>>(ComponentNames.Autoencoder));
        return new TrainableModel
        {
            Denoiser = SD3Denoiser.Create(components.Get<SD3Transformer2DModel>(ComponentNames.Transformer)),
            Autoencoder = autoencoder, Scaling = autoencoder.PlainScaling,
        };
    }
}
