namespace StableDiffusion;

/// <summary>One line for what cannot be done as it was asked for.</summary>
internal static class Refusal
{
    /// <summary>Tells it and where help is; gives the exit code.</summary>
    public static int Tell(string message)
    {
        Console.Error.WriteLine($"{message} (--help tells all options.)");
        return 2;
    }
}
