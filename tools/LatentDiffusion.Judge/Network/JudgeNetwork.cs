using LatentDiffusion.Models.Drawings;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.Judge;

/// <summary>A small residual network (He et al. 2016) with one linear classifier each for subject, colour and attribute.</summary>
internal sealed class JudgeNetwork : nn.Module<Tensor, JudgeNetwork.Logits>
{
    /// <summary>Length of the features that the classifiers read.</summary>
    public const int Features = 192;

    private static readonly int[] s_channels = [32, 64, 128, Features];

    private readonly Conv2d _stem = nn.Conv2d(3, s_channels[0], 5, stride: 2, padding: 2);
    private readonly ModuleList<Stage> _stages = [];
    private readonly Linear _subject = nn.Linear(Features, DrawingCatalog.Subjects.Count);
    private readonly Linear _color = nn.Linear(Features, DrawingCatalog.Colors.Count);
    private readonly Linear _attribute = nn.Linear(Features, DrawingCatalog.Attributes.Count);

    public JudgeNetwork() : base(nameof(JudgeNetwork))
    {
        for (int i = 0; i < s_channels.Length; i++) _stages.Add(new Stage(s_channels[Math.Max(i - 1, 0)], s_channels[i]));
        RegisterComponents();
    }

    /// <param name="input">Pixels in [-1, 1], [batch, 3, height, width].</param>
    public override Logits forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor features = Describe(input).to(_subject.weight!.dtype);
        return new Logits(Scores(_subject), Scores(_color), Scores(_attribute));

        Tensor Scores(Linear classifier) => classifier.call(features).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <summary>The pooled features, float32 [batch, <see cref="Features"/>].</summary>
    public Tensor Describe(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        // Training may compute in bfloat16; sums over pixels are computed in float32.
        Tensor hidden = _stem.call(input.to(_stem.weight!.dtype));
        foreach (Stage stage in _stages) hidden = stage.call(hidden);
        return hidden.to(ScalarType.Float32).mean([2, 3]).MoveToOuterDisposeScope();
    }

    /// <summary>Scores of every class, float32 [batch, classes] each.</summary>
    internal sealed record Logits(Tensor Subject, Tensor Color, Tensor Attribute);

    private sealed class Stage : nn.Module<Tensor, Tensor>
    {
        private readonly GroupNorm _norm1, _norm2;
        private readonly Conv2d _conv1, _conv2, _skip;

        public Stage(int input, int output) : base(nameof(Stage))
        {
            (_norm1, _norm2) = (Norm(input), Norm(output));
            _conv1 = nn.Conv2d(input, output, 3, stride: 2, padding: 1);
            _conv2 = nn.Conv2d(output, output, 3, padding: 1);
            _skip = nn.Conv2d(input, output, 2, stride: 2);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor hidden = _conv1.call(nn.functional.silu(_norm1.call(input)));
            hidden = _conv2.call(nn.functional.silu(_norm2.call(hidden)));
            return (_skip.call(input) + hidden).MoveToOuterDisposeScope();
        }

        private static GroupNorm Norm(int channels)
        {
            GroupNorm norm = nn.GroupNorm(8, channels);
            nn.init.ones_(norm.weight!);
            nn.init.zeros_(norm.bias!);
            return norm;
        }
    }
}
