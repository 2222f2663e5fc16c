using LatentDiffusion;
using LatentDiffusion.Checkpoints;
using LatentDiffusion.Data;
using LatentDiffusion.Models;
using LatentDiffusion.Training;
using static TorchSharp.torch;

namespace FineTune;

/// <summary>Trains a ControlNet on the edges of the images.</summary>
internal sealed class ControlNetMethod : TrainedMethod
{
    private readonly ControlNetModel _control;
    private readonly EdgeImages _squares;

    public ControlNetMethod(RunContext context) : base(context)
    {
        manual_seed((long)context.Settings.Seed);
        _control = Owned(ControlNetModel.FromUNet(
            context.Model.Components.Get<UNet2DConditionModel>(ComponentNames.UNet), context.Model.Parts.Autoencoder.DownsamplingFactor));
        _control.GradientCheckpointing = context.Settings.GradientCheckpointing;
        int size = context.Settings.Data.Size!.Value;
        _squares = Edges(new PreparedImages(context.Images.Sorted, new PreparedImagesOptions { Width = size, Height = size }));
    }

    public override (ITrainingObjective Objective, long BatchesPerEpoch) Part(
        LatentCache latents, ICaptionedImageSource images, DenoiserTrainingOptions options, ITextConditioning? texts)
    {
        var part = Owned(new ControlNetObjective(_control, Context.Model.Components, latents, Edges(images), options, texts));
        return (part, part.BatchesPerEpoch);
    }

    // Over the same networks, which the pipeline of the model owns: this one is not disposed.
    public override DiffusionPipeline Pipeline() => new DiffusionPipelineBuilder()
        .UseModel(_ => DiffusionModel.FromComponents(Context.Model.Components.With(ComponentNames.ControlNet, _control))).Build();

    public override ImageBuffer ControlImage(int row) => _squares.Read(row % Context.Images.Count).Image;

    private EdgeImages Edges(ICaptionedImageSource images)
    {
        EdgeSettings edges = Context.Settings.Edges ?? new EdgeSettings();
        return new EdgeImages(images, edges.Low, edges.High);
    }

    public override string Write(string folder, ScalarType type)
    {
        DiffusersFolder.WriteNetwork(_control, folder, type);
        return folder;
    }
}
