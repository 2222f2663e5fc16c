using System.Threading.Channels;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>Puts each step of a generation, with its previews, into a channel.</summary>
internal sealed class StreamObserver(
    ChannelWriter<GenerationUpdate> updates, PipelineComponents components, int previewEvery) : IStepObserver
{
    private IReadOnlyList<ImageBuffer> _previews = [];
    private int _step;

    /// <summary>The last step reported.</summary>
    public GenerationProgress Last { get; private set; }

    public void Observe(ISchedulerRun run, Tensor sample, Tensor prediction, CancellationToken cancellationToken)
    {
        _previews = [];
        if (previewEvery == 0 || ++_step % previewEvery != 0) return;
        using DisposeScope scope = NewDisposeScope();
        Tensor estimate = DenoisedEstimate.Compute(components.Scheduler, run, sample, prediction);
        _previews = ImageTensor.ToImages(components.Preview.Get(cancellationToken).Decode(estimate));
    }

    public void Report(GenerationProgress value)
    {
        Last = value;
        updates.TryWrite(new GenerationUpdate(value, _previews, null));
    }
}
