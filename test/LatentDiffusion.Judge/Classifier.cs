using LatentDiffusion.Models.Drawings;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Judge;

/// <summary>The trained judge.</summary>
internal sealed class Classifier : IDisposable
{
    /// <summary>Drawings of this seed trained it; those of the next one test it. No model of this repository saw either.</summary>
    public const ulong Seed = 7001;

    private const string File = "judge.safetensors";
    private const int BatchSize = 64;

    private readonly JudgeNetwork _network;

    private Classifier(JudgeNetwork network) => _network = network;

    /// <summary>Reads the judge's weights, or trains it where they are not there yet.</summary>
    /// <param name="folder">Where its weights and checkpoints are.</param>
    /// <param name="progress">Told after every step of training.</param>
    /// <param name="cancellationToken">Stops training; it goes on from there the next time.</param>
    public static Classifier Open(string folder, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, File);
        manual_seed((long)Seed);
        var network = new JudgeNetwork();
        if (!System.IO.File.Exists(path))
        {
            var options = new TrainingOptions
            {
                Seed = Seed, Steps = 2000, EmaDecay = 0.998,
                Optimizer = new OptimizerOptions { LearningRate = 2e-3, WarmupSteps = 200, WeightDecay = 0.02 },
            };
            bool done = new Trainer(options).Run(new JudgeObjective(network, Seed, BatchSize), Path.Combine(folder, "checkpoints"), progress, cancellationToken);
            if (!done) throw new OperationCanceledException("The judge's training was stopped; it goes on from there the next time.", cancellationToken);
            StateDict.Save(network, path);
        }

        StateDict.Load(network, path);
        network.eval();
        return new Classifier(network);
    }

    /// <summary>What is seen in each picture.</summary>
    /// <param name="pixels">Pixels in [-1, 1], [batch, 3, 128, 128].</param>
    public Verdict[] Judge(Tensor pixels)
    {
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        JudgeNetwork.Logits logits = _network.call(pixels);
        long[] subjects = Best(logits.Subject), colors = Best(logits.Color), attributes = Best(logits.Attribute);
        return [.. subjects.Select((subject, i) => new Verdict(
            DrawingCatalog.Subjects[(int)subject], DrawingCatalog.Colors[(int)colors[i]], DrawingCatalog.Attributes[(int)attributes[i]]))];
    }

    /// <summary>Features of each picture, [batch, <see cref="JudgeNetwork.Features"/>].</summary>
    public Tensor Describe(Tensor pixels)
    {
        using IDisposable noGrad = no_grad();
        return _network.Describe(pixels);
    }

    public void Dispose() => _network.Dispose();

    private static long[] Best(Tensor logits) => logits.argmax(1).data<long>().ToArray();
}
