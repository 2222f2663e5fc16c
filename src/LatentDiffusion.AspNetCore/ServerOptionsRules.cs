namespace LatentDiffusion.AspNetCore;

/// <summary>Refuses keys that are too weak or ambiguous, and a server that nobody can use.</summary>
internal sealed class ServerOptionsRules : IValidateOptions<LatentDiffusionServerOptions>
{
    private const int ShortestKey = 16, LongestKey = 200, LongestName = 100;

    public ValidateOptionsResult Validate(string? name, LatentDiffusionServerOptions options)
    {
        string[] problems = [.. Problems(options)];
        return problems.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private static IEnumerable<string> Problems(LatentDiffusionServerOptions options)
    {
        const string Keys = nameof(options.ApiKeys);
        foreach ((string name, string key) in options.ApiKeys)
        {
            string shown = MessageText.Truncate(name, LongestName);
            if (name.Length is 0 or > LongestName || name.Any(char.IsControl))
                yield return $"{Keys} has the name '{shown}'; expected 1 to {LongestName} characters without control characters.";
            // The key itself is a secret.
            if (key is null || key.Length is < ShortestKey or > LongestKey || !key.All(c => c is > ' ' and <= '~'))
            {
                yield return $"{Keys}:{shown} has {key?.Length ?? 0} characters; expected {ShortestKey} to {LongestKey} visible ASCII "
                    + "characters.";
            }
        }

        foreach (IGrouping<string?, string> same in options.ApiKeys.GroupBy(k => (string?)k.Value, k => k.Key).Where(g => g.Count() > 1))
            yield return $"{Keys} has one key for {MessageText.List([.. same])}; expected a key for each name.";
        bool usesKeys = options.AuthenticationScheme == LatentDiffusionServerDefaults.AuthenticationScheme;
        foreach (string name in options.Administrators.Where(name => usesKeys && name.Length > 0 && !options.ApiKeys.ContainsKey(name)))
        {
            yield return $"{nameof(options.Administrators)} has '{MessageText.Truncate(name, LongestName)}'; expected the name of a key in "
                + $"{Keys}.";
        }

        if (usesKeys && !options.AllowAnonymous && options.ApiKeys.Count == 0)
        {
            yield return $"{Keys} is empty; expected at least one key, or another {nameof(options.AuthenticationScheme)}, or "
                + $"{nameof(options.AllowAnonymous)} for a server that everyone who reaches it may use.";
        }
    }
}
