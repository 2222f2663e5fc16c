using LatentDiffusion.Evaluation;
using static TorchSharp.torch;

namespace LatentDiffusion.Judge;

/// <summary>The judge as a feature extractor: the features that its classifiers read.</summary>
internal sealed class JudgeFeatures(Classifier judge) : IFeatureExtractor
{
    public string Name => "features of the judge";

    public Tensor Extract(IReadOnlyList<ImageBuffer> images)
    {
        using Tensor pixels = ImageTensor.FromImages(images);
        return judge.Describe(pixels);
    }
}
