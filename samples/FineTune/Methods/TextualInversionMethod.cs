using LatentDiffusion;
using LatentDiffusion.Training;
using static TorchSharp.torch;

namespace FineTune;

/// <summary>Learns the embeddings of new tokens.</summary>
internal sealed class TextualInversionMethod : TrainedMethod
{
    private readonly TextualInversionTraining _training;

    public TextualInversionMethod(RunContext context) : base(context) =>
        _training = Owned(new TextualInversionTraining(context.Model.Components, context.Settings.Tokens!));

    public override bool CachesTexts => false;

    public override ITextConditioning Texts(BucketData data, IReadOnlyList<string> captions) => _training.Texts(
        captions, Context.Settings.Data.Tags is { } tags ? tags with { Seed = Context.Settings.Seed } : null);

    public override ITrainingObjective Whole(ITrainingObjective objective) => _training.Objective(objective);

    // Over the same networks, which the pipeline of the model owns: this one is not disposed.
    public override DiffusionPipeline Pipeline() => new DiffusionPipelineBuilder()
        .UseModel(_ => DiffusionModel.FromComponents(Context.Model.Components))
        .UseTextEncoder(model => model.TextEncoder.WithTextualInversion(_training.Embeddings)!)
        .Build();

    public override string Write(string folder, ScalarType type)
    {
        foreach (LearnedToken token in Context.Settings.Tokens!)
            _training.Save(Path.Combine(folder, FileOf(token.Token)), token.Token, type);
        return Context.Settings.Tokens is [var only] ? Path.Combine(folder, FileOf(only.Token)) : folder;
    }

    /// <summary>The name of a token's file: cat-toy.safetensors for &lt;cat-toy&gt;.</summary>
    private static string FileOf(string token)
    {
        string name = string.Concat(token.Where(c => char.IsLetterOrDigit(c) || c is '-' or '_'));
        return $"{(name.Length > 0 ? name : "token")}.safetensors";
    }
}
