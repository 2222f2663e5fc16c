using LatentDiffusion.Models.Drawings;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Judge;

/// <summary>The trained judge.</summary>
internal sealed class Classifier : IDisposable
{
    /// <summary>
    /// Seed of its training drawings; the next seed is that of its test. No model of this repository was trained on either.
    /// </summary>
    public const ulong Seed = 7001;

    /// <summary>File name of the weights in the judge's folder.</summary>
    public const string File = "judge.safetensors";

    private readonly JudgeNetwork _network;

    private readonly int _size;

    private Classifier(JudgeNetwork network, int size) => (_network, _size) = (network, size);

    /// <summary>Reads the judge's weights.</summary>
    /// <param name="folder">Folder of the weights.</param>
    /// <exception cref="FileNotFoundException">The folder does not contain a trained judge.</exception>
    public static Classifier Open(string folder)
    {
        string path = Path.Combine(folder, File);
        if (!System.IO.File.Exists(path))
        {
            throw new FileNotFoundException(
                $"'{folder}' does not contain a judge; expected {File}, which the command 'train --judge {folder}' writes.", path);
        }

        var network = new JudgeNetwork();
        StateDict.Load(network, path);
        network.eval();
        return new Classifier(network, JudgeSize.Read(folder));
    }

    /// <summary>The probability of each class in each image.</summary>
    /// <param name="pixels">Pixels in [-1, 1], [batch, 3, height, width]; scaled to the size that the judge reads.</param>
    public Classification[] Judge(Tensor pixels)
    {
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        JudgeNetwork.Logits logits = _network.call(Sized(pixels));
        float[][] subjects = Probabilities(logits.Subject), colors = Probabilities(logits.Color);
        float[][] attributes = Probabilities(logits.Attribute);
        return [.. Enumerable.Range(0, subjects.Length).Select(i => new Classification(
            new Reading(DrawingCatalog.Subjects, subjects[i]),
            new Reading(DrawingCatalog.Colors, colors[i]),
            new Reading(DrawingCatalog.Attributes, attributes[i])))];
    }

    /// <summary>Features of each image, float32 [batch, <see cref="JudgeNetwork.Features"/>].</summary>
    /// <param name="pixels">Pixels in [-1, 1], [batch, 3, height, width]; scaled to the size that the judge reads.</param>
    public Tensor Describe(Tensor pixels)
    {
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        return _network.Describe(Sized(pixels)).MoveToOuterDisposeScope();
    }

    public void Dispose() => _network.Dispose();

    private Tensor Sized(Tensor pixels) => pixels.shape[2] == _size && pixels.shape[3] == _size
        ? pixels
        : nn.functional.interpolate(
            pixels,
            [_size, _size],
            mode: pixels.shape[3] > _size ? InterpolationMode.Area : InterpolationMode.Bilinear);

    private static float[][] Probabilities(Tensor logits) =>
        [.. logits.softmax(1).unbind(0).Select(row => row.data<float>().ToArray())];
}
