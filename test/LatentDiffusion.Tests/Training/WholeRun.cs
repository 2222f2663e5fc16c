namespace LatentDiffusion.Tests.Training;

/// <summary>A run of the tiny recipe that nothing interrupts, made once for the tests that compare with it or start from it.</summary>
public sealed class WholeRun : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public WholeRun()
    {
        using TrainingProgram program = TrainingProgram.Start("--recipe", TrainingProgram.TinyRecipe, "--out", Folder, "--threads", "1");
        program.Finish();
    }

    public string Folder => _folder["whole"];

    public void Dispose() => _folder.Dispose();
}
