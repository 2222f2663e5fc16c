using LatentDiffusion.Tests.Pipelines;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training;

/// <summary>No tensor outlives a loss and its gradients, a run, or a closed cache.</summary>
[Collection(LiveTensors.Collection)]
public sealed class TrainingLeakTests : IDisposable
{
    private const int Images = 4;

    private static readonly DenoiserTrainingOptions s_options =
        new() { BatchSize = 2, CaptionDropout = 0.5, OffsetNoise = 0.1, HuberDelta = 0.1 };

    private readonly TemporaryFolder _folder = new();
    private readonly TinyModel _files = new();
    private readonly ModelComponents _model;
    private readonly LatentCache _data;
    private readonly UNetDenoiser _student;
    private readonly DenoiserObjective _denoiser;
    private readonly ConsistencyObjective _distillation;
    private readonly Dictionary<string, ITrainingObjective> _objectives;

    public TrainingLeakTests()
    {
        _model = DiffusersFolder.Read(_files.Folder);
        _data = Cache("latents.safetensors");
        _student = (UNetDenoiser)ConsistencyStudent.FromTeacher(_model, 16);
        _denoiser = new DenoiserObjective(_model, _data, s_options);
        var distillation = new ConsistencyTrainingOptions { BatchSize = 2, SolverSteps = 20 };
        _distillation = new ConsistencyObjective(_student, _model, _data, distillation);
        _objectives = new()
        {
            ["denoiser"] = _denoiser,
            ["distillation"] = _distillation,
            ["autoencoder"] = new AutoencoderObjective(
                (AutoencoderKL)_model.Autoencoder, new TinyDenoiser.Stripes(Images), new AutoencoderTrainingOptions { BatchSize = 2 }),
        };
        foreach (ITrainingObjective objective in _objectives.Values) Step(objective, 0);
        Run("first");
    }

    public void Dispose()
    {
        _distillation.Dispose();
        _denoiser.Dispose();
        _student.Dispose();
        _data.Dispose();
        _model.Dispose();
        _files.Dispose();
        _folder.Dispose();
    }

    [NoTensorLeaks, Theory, InlineData("denoiser"), InlineData("distillation"), InlineData("autoencoder")]
    public void A_loss_and_its_gradients_leave_no_tensor(string objective)
    {
        for (int step = 1; step <= 3; step++) Step(_objectives[objective], step);
    }

    [NoTensorLeaks, Fact]
    public void A_run_leaves_no_tensor() => Run("second");

    [NoTensorLeaks, Fact]
    public void A_closed_cache_leaves_no_tensor()
    {
        using LatentCache made = Cache("made.safetensors"), opened = Cache("made.safetensors");
        Assert.Equal(Images, opened.Count);
    }

    private void Run(string folder)
    {
        var options = new TrainingOptions { Steps = 3, CheckpointEvery = 2, EmaDecay = 0.5 };
        Assert.True(new Trainer(options).Run(_denoiser, _folder[folder]));
    }

    private static void Step(ITrainingObjective objective, long index)
    {
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(SeedSequence.ForStep(3, index));
        Tensor loss = objective.Loss(new TrainingStep(index, generator));
        loss.backward();
        Assert.True(float.IsFinite(loss.item<float>()));
    }

    private LatentCache Cache(string name) => LatentCache.Open(_folder[name], "test", _model, new TinyDenoiser.Stripes(Images), Images);
}
