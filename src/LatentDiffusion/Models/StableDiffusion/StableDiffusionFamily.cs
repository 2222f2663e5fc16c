using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>Stable Diffusion 1 and 2, SDXL and its refiner: a U-Net that reads one or two CLIP text encoders.</summary>
internal sealed class StableDiffusionFamily : ModelFamily
{
    /// <summary>Settings of SDXL in a folder's index.</summary>
    public const string ForceZeros = "force_zeros_for_empty_prompt", AestheticsScore = "requires_aesthetics_score";

    /// <summary>The ControlNets that a pipeline was saved with, in the order of their images.</summary>
    public static readonly ComponentDescription ControlNets =
        new(ComponentNames.ControlNet, typeof(ControlNetModel)) { ListClass = "MultiControlNetModel" };

    public override string Name => "Stable Diffusion";

    public override IReadOnlyList<string> PipelineClasses { get; } =
    [
        "StableDiffusionPipeline", "StableDiffusionImg2ImgPipeline", "StableDiffusionInpaintPipeline",
        "StableDiffusionControlNetPipeline", "StableDiffusionXLPipeline", "StableDiffusionXLImg2ImgPipeline",
        "StableDiffusionXLInpaintPipeline", "StableDiffusionXLControlNetPipeline", "LatentConsistencyModelPipeline",
        "LatentConsistencyModelImg2ImgPipeline",
    ];

    public override IReadOnlyList<ComponentDescription> Components { get; } =
    [
        new(ComponentNames.UNet, typeof(UNet2DConditionModel)) { IsRequired = true },
        new(ComponentNames.Autoencoder, typeof(nn.Module<Tensor, Tensor>)) { IsRequired = true },
        new(ComponentNames.TextEncoder, typeof(ClipTextModel)),
        new(ComponentNames.TextEncoder2, typeof(ClipTextModel)),
        new(ComponentNames.Tokenizer, typeof(ClipTokenizerFiles)),
        new(ComponentNames.Tokenizer2, typeof(ClipTokenizerFiles)),
        ControlNets,
    ];

    public override IReadOnlyList<ComponentType> ComponentTypes { get; } =
    [
        NetworkType.Of<UNet2DConditionModel, UNet2DConditionConfig>(
            nameof(UNet2DConditionModel), UNet2DConditionConfig.FromJson, (config, layers) => new(config, layers),
            network => network.Config),
        NetworkType.Of<ControlNetModel, ControlNetConfig>(
            nameof(ControlNetModel), ControlNetConfig.FromJson, (config, layers) => new(config, layers), network => network.Config),
    ];

    public override IReadOnlyList<LoraComponent> LoraComponents => StableDiffusionLora.Components;

    public override IReadOnlyList<string> SingleFilePrefixes => [LdmNames.UNetBlocks];

    public override ModelComponents ReadFile(ITensorSource file, CheckpointOptions options, SingleFileOptions model)
    {
        using var reader = new LdmReader(file, options, model);
        return reader.Read();
    }

    public override nn.Module? ReadNetworkFile(ITensorSource file, Type type, CheckpointOptions options)
    {
        using var reader = new LdmReader(file, options, new SingleFileOptions());
        return type.IsAssignableFrom(typeof(ControlNetModel)) ? reader.ReadControlNet()
            : type.IsAssignableFrom(typeof(AutoencoderKL)) ? reader.ReadAutoencoder()
            : null;
    }

    public override DiffusionModel CreateModel(ModelComponents components, Device device)
    {
        ComponentValidator.Check(components);
        nn.Module<Tensor, Tensor>? autoencoder = components.FindAutoencoder;
        if (autoencoder is not null) LatentAutoencoder.WidenWhereHalfOverflows(autoencoder);
        UNet2DConditionConfig config = components.UNet.Config;
        return new DiffusionModel(
            new UNetDenoiser(components.UNet, components.RequiresAestheticsScore), TextEncoderOf(components),
            autoencoder is null ? null : LatentAutoencoder.Of(autoencoder), components.Scheduler,
            config.SampleSize?[0] ?? DiffusionPipelineBuilder.DefaultSampleSize, device)
        {
            Guidance = config.TimeCondProjDim is null ? null : new EmbeddedGuidance(),
            LatentScalingFactor = autoencoder is null ? PublishedModels.LatentScalingFactor(config, components.Scheduler) : null,
        };
    }

    public override TrainableModel CreateTrainable(ModelComponents components) => StableDiffusionTraining.Of(components);

    private static ITextEncoder? TextEncoderOf(ModelComponents components)
    {
        (ClipTextModel, ClipTokenizer)? first = components.TextEncoder is { } text ? (text, components.Tokenizer!.Build()) : null;
        if (components.TextEncoder2 is { } second)
            return new ClipTextEncoder(first, (second, components.Tokenizer2!.Build()), components.ForceZerosForEmptyPrompt);
        return first is { } one ? new ClipTextEncoder(one.Item1, one.Item2) : null;
    }
}
